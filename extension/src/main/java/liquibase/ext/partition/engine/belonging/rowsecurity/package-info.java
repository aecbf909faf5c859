/**
 * Row level security of the table: whether it is on, and its policies; how they are read, and how they move.
 *
 * <p>Plans statements only. Called by {@code refusal} and {@code swap}.
 */
package liquibase.ext.partition.engine.belonging.rowsecurity;
