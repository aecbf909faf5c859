/**
 * The state that survives between runs: a row per migration and a row per finished chunk, in Liquibase's own schema
 * beside DATABASECHANGELOG.
 *
 * <p>Owns the tables {@code partition_migration} and {@code partition_chunk}, whose chunks never overlap, and the view
 * {@code partition_progress}. The words: a {@code Migration} is one row as a value, {@code MigrationRow} says how it
 * stands in the table, and {@code Migrations} reads and writes such rows.
 *
 * <p>Does not know how the work is done. Called by every step of the engine, by {@code survey}, {@code rows},
 * {@code pace}, {@code run} and {@code belonging}, by the change types, the preconditions, {@code command},
 * {@code attribute} and {@code connection}, and by the generator's {@code config} and {@code plan}.
 */
package liquibase.ext.partition.engine.state;
