/**
 * Decides who may go in: the policy for locks that writers would feel, the lock that keeps a second runner out of a
 * migration, and the count of free places in the server's lock table.
 *
 * <p>Does not decide which locks a step needs, or in which order. Called by {@code run}, by the steps, by
 * {@code survey} and {@code belonging}, and outside the engine by those that read or show these settings:
 * {@code attribute}, {@code change}, {@code command}, {@code connection} and {@code precondition}.
 */
package liquibase.ext.partition.engine.lock;
