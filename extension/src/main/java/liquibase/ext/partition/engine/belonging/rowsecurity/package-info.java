/**
 * Row level security of the table: whether it is on, and its policies; how they are read, what is refused, and how they
 * move.
 *
 * <p>Reads the catalog and plans statements. Does not own the rights on the table ({@code grants}), nor the protection
 * of the new table before the switch ({@code access}). Called by {@code BelongingKinds}, and by {@code upkeep} for the
 * partitions that come later.
 */
package liquibase.ext.partition.engine.belonging.rowsecurity;
