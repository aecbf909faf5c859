/**
 * A class per change type: its attributes, their validation, its review SQL. The work is the engine's.
 *
 * <p>{@link liquibase.ext.partition.change.PartitionChange} is what they have in common. Imports Liquibase; the engine
 * does not.
 */
package liquibase.ext.partition.change;
