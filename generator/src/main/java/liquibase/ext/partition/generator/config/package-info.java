/**
 * The table config ({@code tables.yaml}) as values without problems: its tables, how each is partitioned, its columns,
 * and how its migration works.
 *
 * <p>Also owns how a text is escaped in YAML ({@code YamlText}), for those who write YAML.
 *
 * <p>Does not own how the file is read, and what is wrong with it ({@code config.read}), nor what the changelogs look
 * like ({@code changelog}). Made by {@code config.read}, and taken by {@code cli}, {@code changelog} and {@code plan};
 * {@code inspect} and {@code changelog} use the escaping.
 */
package liquibase.ext.partition.generator.config;
