/**
 * Reads a table config ({@code tables.yaml}), and reports every problem in it.
 *
 * <p>Owns the JSON Schema {@code tables.schema.json}, which documents every key; the rules that a schema cannot state
 * (names that collide, ranges, byte lengths), in the classes that end in {@code Rules}; and the default names.
 *
 * <p>Does not own the file as a tree with lines ({@code config.document}) nor the values that result ({@code config}),
 * and knows no database: whether a table exists and can be partitioned is checked by the changelogs when Liquibase runs
 * them. It holds no credentials and refuses them.
 *
 * <p>Called by {@code cli}.
 */
package liquibase.ext.partition.generator.config.read;
