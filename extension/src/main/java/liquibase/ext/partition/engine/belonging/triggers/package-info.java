/**
 * Triggers of users on the table: which of them cannot go along, what changes for the others, and how they move. The
 * catalog reads them with the table.
 *
 * <p>Plans statements only. Does not know capture's own triggers. Called by {@code survey} and {@code swap}.
 */
package liquibase.ext.partition.engine.belonging.triggers;
