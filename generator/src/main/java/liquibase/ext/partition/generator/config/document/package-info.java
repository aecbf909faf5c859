/**
 * The file of a table config as a tree: YAML in, JSON values out, each with its line; and a problem of such a file,
 * with file, line, key and remedy.
 *
 * <p>Knows no key of the config, and judges nothing but the YAML itself. What the keys mean, and what is wrong with
 * their values, is in {@code config.read}, which reads every config by this; {@code cli} prints the problems.
 */
package liquibase.ext.partition.generator.config.document;
