/**
 * Extended statistics of the table: what is refused, and how their names move.
 *
 * <p>Reads the catalog and plans statements. Does not own the statistics themselves: {@code catalog.properties} reads
 * them, and {@code newtable} makes them on the new table. Called by {@code BelongingKinds}.
 */
package liquibase.ext.partition.engine.belonging.statistics;
