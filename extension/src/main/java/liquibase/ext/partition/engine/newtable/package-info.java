/**
 * The new table: its specification, the statements that make it, its partitions and its indexes, and how columns are
 * converted on the way. What must be on it before the switch is made here.
 *
 * <p>Pure: plans statements, runs none. {@code prepare} runs them, and {@code index} those of indexes. Does not own how
 * the table is partitioned ({@code partitioning}), the triggers that route its rows ({@code routing}), nor what moves
 * to it at the switch ({@code belonging}). Called by the steps, {@code survey}, {@code state}, {@code rows} and
 * {@code belonging}, by the change types for their review SQL, and by the generator's {@code config} and {@code plan}.
 */
package liquibase.ext.partition.engine.newtable;
