/**
 * A foreign key as a value, and the queries that read from the catalog the keys of a table and those that refer to it.
 *
 * <p>Reads only. Does not own what stands in the way of a key, nor how it moves ({@code foreignkeys}). Called by
 * {@code foreignkeys} and {@code triggers} beside it, and by the generator's {@code inspect}.
 */
package liquibase.ext.partition.engine.belonging.foreignkeys.read;
