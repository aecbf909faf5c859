/**
 * Views and functions that depend on the table: how they are read, which of them stand in the way, and how they are
 * made to read the table that gets the name.
 *
 * <p>Called by {@code BelongingKinds}, and by {@code refusal} for obstacles that stand whatever the new table is like.
 */
package liquibase.ext.partition.engine.belonging.views;
