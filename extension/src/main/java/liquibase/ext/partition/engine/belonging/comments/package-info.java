/**
 * Comments on the table, its columns, constraints, indexes and triggers: how they are read, and how they move.
 *
 * <p>Plans statements only. Called by {@code BelongingKinds}.
 */
package liquibase.ext.partition.engine.belonging.comments;
