/**
 * A class per change type: its attributes, their validation and its review SQL.
 * {@link liquibase.ext.partition.change.PartitionChange} is their common part, a
 * {@link liquibase.ext.partition.step.Step} for Liquibase.
 *
 * <p>Also owns how a step runs and is printed inside Liquibase. {@code EngineStatement} and {@code TagStatement} do
 * work where Liquibase expects a statement ({@code WorkStatement}); {@code PrintedStep} is a step in a script;
 * {@code OutOfResources} explains what the server lacked; {@code Duplicates} finds changesets that a changelog has
 * twice.
 *
 * <p>Does not own the work ({@code engine}), the shape of a step ({@code step}), nor how attributes are read
 * ({@code attribute}). Called by Liquibase, and by one precondition, {@code partitionable}.
 */
package liquibase.ext.partition.change;
