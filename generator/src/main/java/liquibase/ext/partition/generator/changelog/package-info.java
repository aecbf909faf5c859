/**
 * Turns the model of a table config into a changelog: renders the FreeMarker templates, and writes the file or compares
 * it with the one in a directory.
 *
 * <p>Owns the templates, their hardening, the order and names of the changesets, and the name of the file. The same
 * config gives the same bytes: nothing here looks at a clock, the machine or a database.
 *
 * <p>Does not own the meaning of the change types, which belongs to the extension, nor reading and checking a config
 * ({@code config.read}): names arrive here checked, and the templates' output formats escape them for XML and YAML.
 *
 * <p>Called by {@code cli}. The only package that knows FreeMarker.
 */
package liquibase.ext.partition.generator.changelog;
