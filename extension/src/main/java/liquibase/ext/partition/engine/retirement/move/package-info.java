/**
 * A partition that goes to another tablespace while it is read and written: its rows are copied into a twin, compared,
 * and the twin takes its place.
 *
 * <p>Owns how a write meanwhile is noticed ({@code WriteMarks}), and the switch. Does not own which partitions move,
 * nor what is recorded of it ({@code retirement}). Called by {@code retirement}.
 */
package liquibase.ext.partition.engine.retirement.move;
