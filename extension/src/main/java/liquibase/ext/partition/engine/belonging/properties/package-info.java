/**
 * Properties of the table, its columns and its indexes: what is refused and announced, and how those that somebody has
 * changed since the new table was made are carried along, and taken back.
 *
 * <p>Reads the catalog and plans statements. Does not own what properties are and how they are read
 * ({@code catalog.properties}), nor those that the new table is made with ({@code newtable}). Called by
 * {@code BelongingKinds}.
 */
package liquibase.ext.partition.engine.belonging.properties;
