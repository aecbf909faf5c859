/**
 * The step that makes the new table's indexes: each index of the source is built in bulk per partition, then attached
 * to the partitioned index. It runs after the copy and before the first replay.
 *
 * <p>Does not own the names of indexes nor their pairs at a switch ({@code belonging.indexes}), their statements
 * ({@code newtable.PartitionedIndex}), nor which stay unique ({@code partitioning.Uniqueness}). Knows nothing of rows.
 * Called by {@code change} and {@code restart}.
 */
package liquibase.ext.partition.engine.index;
