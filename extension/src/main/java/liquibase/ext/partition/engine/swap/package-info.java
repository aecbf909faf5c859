/**
 * The switch of the tables under a lock, the way back, and the end of the backup. Called by the change types and their
 * rollbacks. Knows nothing of chunks.
 *
 * <p>The words: the <b>swap</b> and the <b>reverse swap</b> are the steps that a user asks for. A <b>switch</b> is what
 * both do under the lock: one table takes the place of another. {@code Switch} has its statements and locks, which the
 * <b>parts</b> give that {@code belonging} plans from a <b>switch context</b>; {@code LockedSwitch} runs it, and all
 * that both steps do before and after it in the same way. The two tables of a switch are a <b>table pair</b>: the old
 * one <b>leaves</b>, and the next one <b>enters</b> and gets the live name.
 */
package liquibase.ext.partition.engine.swap;
