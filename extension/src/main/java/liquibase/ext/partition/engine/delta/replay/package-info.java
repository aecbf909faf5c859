/**
 * The replay, which empties the delta table into the new table, or after the swap into the backup: the step, its
 * passes over the delta table, and the last of them, the drain under the swap's lock.
 *
 * <p>{@code Replay} has the statements, {@code ReplayPass} runs them once over the delta table, {@code Drain} prepares
 * them for the lock, and {@code ReplayCost} says how much fits into it. Does not own the delta table, its segments and
 * what fills it ({@code delta}), nor how rows of the two tables match ({@code rows}).
 *
 * <p>Called by {@code change}, {@code restart}, {@code verify} and {@code swap}.
 */
package liquibase.ext.partition.engine.delta.replay;
