/**
 * The delta table: capture fills it, and replay empties it into the new table.
 *
 * <p>Capture and reverse capture are the same thing with a different table under the trigger, and so are replay and
 * reverse replay; the engine's page says why both are right. This package does not decide when to capture or to replay:
 * {@code swap} and the change types do.
 */
package liquibase.ext.partition.engine.delta;
