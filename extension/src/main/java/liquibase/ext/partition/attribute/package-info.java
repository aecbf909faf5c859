/**
 * The input of users: attributes and how to read them, the settings that tune a step, and the tables that a parameter
 * selects.
 *
 * <p>Owns no change type and no precondition, and knows none. {@code change}, {@code step} and {@code precondition}
 * read their attributes with it, and the generator takes the settings' descriptions from it.
 */
package liquibase.ext.partition.attribute;
