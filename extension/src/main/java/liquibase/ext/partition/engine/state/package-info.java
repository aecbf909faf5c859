/**
 * The state that survives between runs: a row per migration and a row per finished chunk, in Liquibase's own schema
 * beside DATABASECHANGELOG.
 *
 * <p>Owns the tables {@code partition_migration} and {@code partition_chunk}, whose chunks never overlap, and the view
 * {@code partition_progress}. Does not know how the work is done. Called by every step of the engine and by the
 * preconditions.
 */
package liquibase.ext.partition.engine.state;
