/**
 * Reads what is set on a table, its columns and its indexes: storage parameters, statistics targets, replica identity,
 * tablespaces, checks.
 *
 * <p>Reads only. {@code belonging.settings} is about the same settings, and moves those that somebody has changed; the
 * settings of a step are in {@code attribute}. Called by {@code newtable}, {@code prepare}, {@code survey},
 * {@code index}, {@code swap}, and the rooms of {@code belonging}.
 */
package liquibase.ext.partition.engine.catalog.settings;
