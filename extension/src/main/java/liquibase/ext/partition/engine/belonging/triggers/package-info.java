/**
 * Triggers on the table and how they move: triggers of users, some of which cannot go along, or behave differently
 * afterwards; and the triggers that a migration puts there, which capture changes and route rows. The catalog reads
 * them with the table.
 *
 * <p>Plans statements only. {@code delta} and {@code routing} know what the migration's own triggers do. Called by
 * {@code BelongingKinds}, and by {@code swap}, which reports what changes for users' triggers.
 */
package liquibase.ext.partition.engine.belonging.triggers;
