/**
 * Settings of the table, its columns and its indexes that somebody has changed since the new table was made: how they
 * are carried along, and taken back.
 *
 * <p>Plans statements only. {@code catalog.settings} reads them. Called by {@code BelongingKinds}.
 */
package liquibase.ext.partition.engine.belonging.settings;
