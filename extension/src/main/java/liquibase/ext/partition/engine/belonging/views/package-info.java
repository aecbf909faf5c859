/**
 * Views and functions that depend on the table: how they are read, which of them are obstacles, and how they are made
 * to read the table that gets the name.
 *
 * <p>Plans statements only. Does not own materialized views ({@code materializedviews}), which are filled anew and not
 * made to read another table. Called by {@code BelongingKinds}, by {@code refusal} and {@code swap} for obstacles that
 * do not depend on the new table's form, and by {@code materializedviews}.
 */
package liquibase.ext.partition.engine.belonging.views;
