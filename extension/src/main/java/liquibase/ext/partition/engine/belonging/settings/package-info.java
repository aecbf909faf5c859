/**
 * Settings of the table, its columns and its indexes: what is refused and announced, and how those that somebody has
 * changed since the new table was made are carried along, and taken back.
 *
 * <p>Plans statements only. Does not own how settings are read ({@code catalog.settings}), nor the settings that the
 * new table is made with ({@code newtable}). Called by {@code BelongingKinds}.
 */
package liquibase.ext.partition.engine.belonging.settings;
