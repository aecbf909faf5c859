/**
 * Commands of the Liquibase command line: {@code liquibase partition-status}. They only read, and take no changelog
 * lock, so they answer while {@code update} runs.
 *
 * <p>Does not own the status of a migration: {@code engine.state} reads it, {@code engine.upkeep} that of a table in
 * service, and this package prints it. Called by Liquibase.
 */
package liquibase.ext.partition.command;
