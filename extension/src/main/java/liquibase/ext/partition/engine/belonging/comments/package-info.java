/**
 * Comments on the table, its columns, constraints, indexes and triggers: how they are read, and how they move.
 *
 * <p>Plans statements only. Does not own the table's own comment as it was read ({@code catalog} reads it with the
 * table), nor the things that have comments: {@code newtable}, {@code index} and other rooms of {@code belonging} make
 * them. Called by {@code BelongingKinds}.
 */
package liquibase.ext.partition.engine.belonging.comments;
