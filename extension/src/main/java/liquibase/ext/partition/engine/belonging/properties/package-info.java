/**
 * Properties of the table, its columns and its indexes that somebody has changed since the new table was made: how they
 * are carried along, and taken back.
 *
 * <p>Plans statements only. Does not own what properties are and how they are read ({@code catalog.properties}), nor
 * those that the new table is made with ({@code newtable}). Called by {@code BelongingKinds}.
 */
package liquibase.ext.partition.engine.belonging.properties;
