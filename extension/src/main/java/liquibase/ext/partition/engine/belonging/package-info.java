/**
 * The things that hang on a table and go with its name: a room for each kind, and {@code BelongingKinds}, the ordered
 * list of them all.
 *
 * <p>A room has the kind's value, how it is read, its obstacles, what {@code plan} announces about it, and the part of
 * a switch that moves it. {@code kind} has the shape that all kinds share. Called by {@code survey} and {@code swap}.
 */
package liquibase.ext.partition.engine.belonging;
