/**
 * Commands of the Liquibase command line: {@code liquibase partition-status}. They only read, and take no changelog
 * lock, so they answer while {@code update} runs.
 */
package liquibase.ext.partition.command;
