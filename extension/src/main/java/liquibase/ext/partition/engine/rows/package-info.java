/**
 * How rows of the two tables match: by which columns a row is known on both sides, as which values it is written on the
 * other one, and which rows fit nowhere.
 *
 * <p>Makes the pieces of statements that copy, replay and compare; runs none of these. Called by {@code copy}, {@code
 * delta}, {@code verify} and {@code swap}.
 */
package liquibase.ext.partition.engine.rows;
