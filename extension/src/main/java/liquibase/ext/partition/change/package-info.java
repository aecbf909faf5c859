/**
 * A class per change type: its attributes, their validation and its review SQL.
 * {@link liquibase.ext.partition.change.PartitionChange} is their common part, a
 * {@link liquibase.ext.partition.step.Step} for Liquibase.
 *
 * <p>Does not own the work ({@code engine}), the shape of a step ({@code step}), how a step runs and is printed inside
 * Liquibase ({@code statement}), nor how attributes are read ({@code attribute}). Called by Liquibase
 * alone; {@code change.upkeep} has the change types for a table that is partitioned already, which extend the same
 * classes.
 */
package liquibase.ext.partition.change;
