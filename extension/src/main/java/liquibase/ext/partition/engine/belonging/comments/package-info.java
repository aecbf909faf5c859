/**
 * Comments on the table, its columns, constraints, indexes and triggers: how they are read, and how they move.
 *
 * <p>Reads the catalog and plans statements. Does not own the things that have comments: {@code newtable},
 * {@code index} and other rooms of {@code belonging} make them. {@code catalog} reads the comment on the table itself.
 * Called by {@code BelongingKinds}.
 */
package liquibase.ext.partition.engine.belonging.comments;
