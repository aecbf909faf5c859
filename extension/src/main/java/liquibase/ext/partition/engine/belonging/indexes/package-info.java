/**
 * The names of indexes, and which index of one table is the counterpart of which of the other.
 *
 * <p>Plans statements only. {@code index} builds them. Called by {@code BelongingKinds}, and by the reverse swap.
 */
package liquibase.ext.partition.engine.belonging.indexes;
