/**
 * The new table's indexes: each of the source's, built in bulk per partition, then attached to the partitioned index.
 *
 * <p>Knows nothing of rows. Runs after the copy and before the first replay.
 */
package liquibase.ext.partition.engine.index;
