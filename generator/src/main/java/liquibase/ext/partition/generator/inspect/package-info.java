/**
 * Reads a live table and writes a first config for it, with comments on what was found and what is left to decide.
 *
 * <p>Owns the choice of the key, of the partition column and of the range, and the text of the config. Reads in
 * transactions that write nothing, with a limit on how long reading a huge table may take.
 *
 * <p>Does not own what a table is ({@code engine.catalog}), the rules of a config ({@code config.read}), nor
 * connections, which its caller opens and closes. Called by {@code cli}.
 */
package liquibase.ext.partition.generator.inspect;
