/**
 * The owner of the table, and the rights that are granted on it and on its columns: how they move.
 *
 * <p>Plans statements only. Does not own how rights are read ({@code catalog} reads them with the table), the
 * protection of the new table before the swap ({@code access}), nor the rights that the current role needs
 * ({@code refusal.Rights}). Called by {@code BelongingKinds}, by the rooms {@code sequences}, {@code triggers} and
 * {@code views}, whose things have grants too, and by {@code upkeep} for the partitions that come later.
 */
package liquibase.ext.partition.engine.belonging.grants;
