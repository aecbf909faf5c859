/**
 * Decides who may go in: the policy for locks that writers would feel, the lock that keeps a second runner out of a
 * migration, and the room in the server's lock table.
 *
 * <p>Does not decide which locks a step needs, or in which order. Called by {@code run} and by the steps.
 */
package liquibase.ext.partition.engine.lock;
