/**
 * Whether a changelog fits the database, before anything is done by it: its parameters name tables that are migrated
 * here, its attributes are those with which migrations have begun, its tables have the columns that the config names
 * and can be partitioned as it says. These preconditions change nothing.
 *
 * <p>Does not own how far a migration has come, nor whether somebody approves the next step ({@code precondition}), nor
 * what keeps a table from being partitioned ({@code engine.prepare} asks that). Does not know the change types:
 * {@code partitionable}, which has the attributes of one, asks {@code step.PreparationStep} for it. Called by
 * Liquibase, at the head of a changelog and before the first steps of a table.
 */
package liquibase.ext.partition.precondition.changelog;
