/**
 * The names of indexes, the pairs of indexes that correspond on the two tables, and what is announced about them.
 *
 * <p>Reads the catalog and plans statements. Does not own the indexes themselves: the step {@code index} builds them.
 * Called by {@code BelongingKinds}, and by the swap and the reverse swap.
 */
package liquibase.ext.partition.engine.belonging.indexes;
