/**
 * CHECK constraints that are NOT VALID: how they stay so on the table that gets the name. A valid one is made with the
 * new table.
 *
 * <p>Plans statements only; {@code catalog.settings} reads them. Called by {@code BelongingKinds}.
 */
package liquibase.ext.partition.engine.belonging.checks;
