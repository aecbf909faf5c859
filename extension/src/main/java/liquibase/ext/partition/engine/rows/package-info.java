/**
 * How rows of the two tables match: the columns by which a row is identified on both sides, the values with which it is
 * written on the other side, and the rows that fit nowhere.
 *
 * <p>Makes pieces of the statements that copy, replay and compare, and runs none of these. Called by {@code copy},
 * {@code delta}, {@code verify} and {@code swap}.
 */
package liquibase.ext.partition.engine.rows;
