/**
 * Asks the server what is no table's own: its version, the options that it lets people set, how it writes
 * qualified names, which names are taken in a schema, and which type a name means.
 *
 * <p>Reads only. Does not own what a table is ({@code catalog}), nor how names are quoted ({@code sql}). Called by
 * {@code catalog}, by the rooms above it that read the catalog themselves, by {@code change} and {@code precondition},
 * and by the generator's {@code plan}.
 */
package liquibase.ext.partition.engine.catalog.server;
