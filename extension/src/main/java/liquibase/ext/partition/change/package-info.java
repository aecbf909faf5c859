/**
 * A class per change type: its attributes, their validation and its review SQL. The engine does the work.
 *
 * <p>{@link liquibase.ext.partition.change.PartitionChange} is their common part: a
 * {@link liquibase.ext.partition.step.Step} for Liquibase. This package imports Liquibase; the engine does not.
 * Liquibase calls it.
 */
package liquibase.ext.partition.change;
