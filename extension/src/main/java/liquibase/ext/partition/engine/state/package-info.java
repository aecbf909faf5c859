/**
 * What survives between runs: a row a migration, a row a finished chunk, in Liquibase's own schema beside
 * DATABASECHANGELOG.
 *
 * <p>Owns the tables {@code partition_migration} and {@code partition_chunk}, whose rows never overlap, and the view
 * {@code partition_progress}. Says nothing of how the work is done. Called by every step of the engine and by the
 * preconditions.
 */
package liquibase.ext.partition.engine.state;
