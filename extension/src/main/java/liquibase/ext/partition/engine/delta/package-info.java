/**
 * The delta table: capture fills it, replay empties it into the new table.
 *
 * <p>Capture and reverse capture are one thing with another table under the trigger, and so are replay and the reverse
 * replay; see the engine's page for why both are right. Does not decide when to capture or to replay: {@code swap} and
 * the change types do.
 */
package liquibase.ext.partition.engine.delta;
