/**
 * Views and functions that depend on the table: how they are read, which of them stand in the way, and how they are
 * made to read the table that gets the name.
 *
 * <p>Called by {@code survey}, {@code refusal} and {@code swap}.
 */
package liquibase.ext.partition.engine.belonging.views;
