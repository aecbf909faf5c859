/**
 * Materialized views that read the table: the successors that are filled from the table that gets the name, and their
 * change of places.
 *
 * <p>Filling takes long; it is done after the switch and locks nobody out. Does not own plain views, nor the search for
 * what depends on a table: both are in {@code views}. Called by {@code BelongingKinds}.
 */
package liquibase.ext.partition.engine.belonging.materializedviews;
