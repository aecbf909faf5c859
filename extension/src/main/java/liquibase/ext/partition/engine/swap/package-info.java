/**
 * The switch of the tables under a lock, the way back, and the end of the backup: three steps.
 *
 * <p>The words: the <b>swap</b> and the <b>reverse swap</b> are the steps that a user asks for. A <b>switch</b> is what
 * both do under the lock: one table takes the place of another. {@code belonging} plans its <b>parts</b>,
 * {@code Switch} puts the statements and locks of all parts in order, and {@code LockedSwitch} runs them. The table
 * that has the live name <b>leaves</b>, and the one that gets it <b>enters</b>.
 *
 * <p>Also owns the replay while the swap waits for its time ({@code CatchUp}), and what a switch looks at before its
 * lock: transactions with an older snapshot ({@code OldSnapshots}), attached partitions, and what was made on the table
 * and not on its children ({@code ChildGaps}).
 *
 * <p>Does not own how each thing on the table moves ({@code belonging}), the replay ({@code delta}), nor the comparison
 * ({@code verify}), and knows nothing of chunks. Called by the change types and their rollbacks, by
 * {@code precondition}, {@code command} and {@code attribute}, and by {@code retirement.move}, which waits for older
 * snapshots, too.
 */
package liquibase.ext.partition.engine.swap;
