/**
 * The owner of the table, and the rights that are granted on it and on its columns: how they move. The catalog reads
 * them with the table.
 *
 * <p>Plans statements only. Called by {@code BelongingKinds}, and by the rooms of other things that have
 * grants.
 */
package liquibase.ext.partition.engine.belonging.grants;
