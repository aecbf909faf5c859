/**
 * The Liquibase extension. {@code attribute} reads what users write; {@code step} says what a step of a migration is;
 * {@code change} and {@code precondition} describe and validate; {@code connection} finds connections; the work is the
 * {@code engine}'s, which knows nothing of Liquibase.
 */
package liquibase.ext.partition;
