/**
 * CHECK constraints: what is refused and announced, and how those that are NOT VALID stay so on the table that gets the
 * name.
 *
 * <p>Reads the catalog and plans statements. Does not own valid checks, which {@code newtable} makes with the new
 * table, nor how checks are read ({@code catalog.properties}). Called by {@code BelongingKinds}.
 */
package liquibase.ext.partition.engine.belonging.checks;
