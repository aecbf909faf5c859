/**
 * The table config ({@code tables.yaml}): reading it, and telling every problem in it with file, line, key and remedy.
 *
 * <p>Owns the JSON Schema {@code tables.schema.json}, which documents every key, the rules that a schema cannot state
 * (names that collide, ranges, byte lengths), the default names, the immutable model that comes out, and how
 * a text is escaped in YAML.
 *
 * <p>Does not own what the changelogs look like ({@code changelog}), and knows no database: whether a table is there
 * and can be partitioned is found out by the changelogs when Liquibase runs them. It holds no credentials and refuses
 * them.
 *
 * <p>Called by {@code cli}; {@code changelog} takes the model, and {@code inspect} and {@code changelog} escape by it.
 */
package liquibase.ext.partition.generator.config;
