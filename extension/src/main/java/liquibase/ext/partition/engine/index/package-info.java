/**
 * The new table's indexes: each index of the source is built in bulk per partition, then attached to the partitioned
 * index.
 *
 * <p>Knows nothing of rows. Runs after the copy and before the first replay; called by {@code change} and
 * {@code restart}.
 */
package liquibase.ext.partition.engine.index;
