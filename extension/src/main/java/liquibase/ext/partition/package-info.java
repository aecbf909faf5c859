/**
 * The Liquibase extension. {@code attribute} reads what users write; {@code step} defines what a step of a migration
 * is; {@code change} and {@code precondition} describe and validate; {@code connection} finds connections; and the
 * {@code engine}, which knows nothing of Liquibase, does the work.
 */
package liquibase.ext.partition;
