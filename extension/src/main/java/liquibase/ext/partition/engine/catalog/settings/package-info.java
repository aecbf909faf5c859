/**
 * Reads what is set on a table, its columns and its indexes: storage parameters, statistics targets, replica identity,
 * tablespaces, checks.
 *
 * <p>Reads only. Called by {@code newtable}, {@code survey}, {@code index} and {@code swap}.
 */
package liquibase.ext.partition.engine.catalog.settings;
