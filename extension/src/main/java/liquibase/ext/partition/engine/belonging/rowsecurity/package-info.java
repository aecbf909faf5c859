/**
 * Row level security of the table: whether it is on, and its policies; how they are read, what is refused, and how they
 * move.
 *
 * <p>Plans statements only. Does not own the rights on the table ({@code grants}), nor the protection of the new table
 * before the switch ({@code access}). Called by {@code BelongingKinds}.
 */
package liquibase.ext.partition.engine.belonging.rowsecurity;
