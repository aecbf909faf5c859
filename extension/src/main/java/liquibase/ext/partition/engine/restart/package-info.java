/**
 * A copy that is started over after its step is done: from any later step before the swap, by that step itself, since
 * Liquibase does not run a recorded changeset again. Called by the change types after the copy and by a precondition of
 * the swap; runs the steps of copy, index, delta and verify, and owns none of them.
 */
package liquibase.ext.partition.engine.restart;
