/**
 * Views and functions that depend on the table: how they are read, which of them are obstacles, and how they are made
 * to read the table that gets the name.
 *
 * <p>Reads the catalog and plans statements. Does not own materialized views ({@code materializedviews}), which are
 * filled anew and not made to read another table. Called by {@code BelongingKinds}, by {@code materializedviews}, and
 * by {@code swap} for what prevents the drop of the backup.
 */
package liquibase.ext.partition.engine.belonging.views;
