/**
 * Starts a copy over after its step is done. Any later step before the swap can do that itself, since Liquibase does
 * not run a recorded changeset again.
 *
 * <p>It runs the steps of copy, index, delta and verify, and owns none of them. Called by the change types after the
 * copy, through {@code step}, and by a precondition of the swap.
 */
package liquibase.ext.partition.engine.restart;
