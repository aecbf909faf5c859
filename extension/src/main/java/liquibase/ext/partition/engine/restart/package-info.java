/**
 * Starts a copy over after its changeset has been recorded. Liquibase does not run a recorded changeset again, so any
 * later step before the swap can start the copy over instead: that is what the attribute {@code restart} asks for.
 *
 * <p>It is no step of its own. It runs those of {@code copy}, {@code index}, {@code delta} and {@code verify} again,
 * and owns none of them. {@code CopyRestart} does the work; {@code step.RestartedCopy} reads the attribute and calls
 * it. Called by the change types after the copy, through {@code step}, and by a precondition of the swap.
 */
package liquibase.ext.partition.engine.restart;
