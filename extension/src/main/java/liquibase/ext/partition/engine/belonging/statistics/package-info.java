/**
 * Extended statistics of the table: how their names move. {@code newtable} makes them on the new table.
 *
 * <p>Plans statements only. Called by {@code BelongingKinds}.
 */
package liquibase.ext.partition.engine.belonging.statistics;
