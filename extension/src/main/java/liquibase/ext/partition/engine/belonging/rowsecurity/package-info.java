/**
 * Row level security of the table: whether it is on, and its policies; how they are read, what is refused, and how
 * they move.
 *
 * <p>Plans statements only. Called by {@code BelongingKinds}.
 */
package liquibase.ext.partition.engine.belonging.rowsecurity;
