/**
 * Starts a copy over after its step is done. Any later step before the swap can do that itself, since Liquibase does
 * not run a recorded changeset again. The change types after the copy and a precondition of the swap call this package.
 * It runs the steps of copy, index, delta and verify, and owns none of them.
 */
package liquibase.ext.partition.engine.restart;
