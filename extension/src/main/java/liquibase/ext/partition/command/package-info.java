/**
 * Commands of the Liquibase command line: {@code liquibase partition-status}. They only read, and take no changelog
 * lock, so they answer while {@code update} runs.
 *
 * <p>{@code engine.state} reads and describes a migration's status; this package prints it. Called by Liquibase.
 */
package liquibase.ext.partition.command;
