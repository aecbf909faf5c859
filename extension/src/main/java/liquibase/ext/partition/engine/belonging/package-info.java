/**
 * What hangs on a table and goes with its name: a room for each kind, and {@code BelongingKinds}, the ordered list of
 * them all.
 *
 * <p>A room has the kind's value, how it is read, what stands in its way, what {@code plan} announces of it, and the
 * part of a switch that moves it. {@code part} has the shape that all share. Called by {@code survey} and {@code swap}.
 */
package liquibase.ext.partition.engine.belonging;
