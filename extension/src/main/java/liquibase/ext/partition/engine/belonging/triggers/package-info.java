/**
 * Triggers on the table: those of users, which of them cannot go along and what changes for the others; those of change
 * capture and those that route rows, which a migration puts there; and how each moves. The catalog reads them with the
 * table.
 *
 * <p>Plans statements only. {@code delta} and {@code routing} know what the migration's own triggers do. Called by
 * {@code BelongingKinds}, and by {@code swap}, which says what changes for users' triggers.
 */
package liquibase.ext.partition.engine.belonging.triggers;
