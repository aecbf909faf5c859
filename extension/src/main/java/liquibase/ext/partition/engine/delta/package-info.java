/**
 * The delta table and the step that fills it, capture ({@code CaptureStep}). {@code replay} has the step that empties
 * it into the new table.
 *
 * <p>Capture and reverse capture are the same thing with a different table under the trigger, and so are replay and
 * reverse replay; the engine's page says why both are right. Whatever would fire in a replay and is not ours is found
 * by {@code Strangers}. Does not decide when to capture or to replay, nor how rows of the two tables match ({@code
 * rows}).
 *
 * <p>Called by {@code change}, {@code statement}, {@code command}, {@code restart}, {@code copy}, {@code verify},
 * {@code swap} and {@code upkeep}, and by {@code belonging}, which moves the capture's triggers.
 */
package liquibase.ext.partition.engine.delta;
