/**
 * The table config ({@code tables.yaml}): reading it, and reporting every problem in it with file, line, key and
 * remedy.
 *
 * <p>Owns the JSON Schema {@code tables.schema.json}, which documents every key; the rules that a schema cannot state
 * (names that collide, ranges, byte lengths); the default names; the immutable model that results; and how a text is
 * escaped in YAML.
 *
 * <p>Does not own what the changelogs look like ({@code changelog}), and knows no database: whether a table exists and
 * can be partitioned is checked by the changelogs when Liquibase runs them. It holds no credentials and refuses them.
 *
 * <p>Called by {@code cli}; {@code changelog} and {@code plan} take the model, and {@code inspect} and
 * {@code changelog} use the escaping.
 */
package liquibase.ext.partition.generator.config;
