/**
 * Reads what is set on a table, its columns and its indexes: storage parameters, statistics targets, replica identity,
 * tablespaces, checks.
 *
 * <p>Reads only. How settings move is {@code belonging.settings}'s work. Called by {@code newtable}, {@code survey},
 * {@code index}, {@code swap}, and the rooms of {@code belonging}.
 */
package liquibase.ext.partition.engine.catalog.settings;
