/**
 * The Liquibase extension. {@code attribute} reads what users write; {@code step} defines the shape of a step of a
 * migration; {@code change} has a class per change type and {@code precondition} one per precondition;
 * {@code statement} runs and prints a step inside Liquibase; {@code command} has the commands of the command line;
 * {@code connection} finds connections; and the {@code engine}, which knows nothing of Liquibase, does the work.
 *
 * <p>This package has no class of its own. It does not own the making of changelogs (the generator). Called by
 * Liquibase, which finds change types, preconditions and commands as services.
 */
package liquibase.ext.partition;
