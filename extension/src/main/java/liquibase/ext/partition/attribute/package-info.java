/**
 * What users may write: attributes and how they are read, the settings that tune a step, and the tables that a
 * parameter selects. Liquibase's records of the changesets that say so are here too.
 *
 * <p>Owns no change type and no precondition, and knows none. Both read their attributes with it.
 */
package liquibase.ext.partition.attribute;
