/**
 * The engine: partitions a live table over plain JDBC. Knows nothing of Liquibase.
 *
 * <h2>The algorithm, and why no row is lost</h2>
 *
 * <ol>
 *   <li><b>Capture</b> ({@code delta}). A row trigger on the source, {@code ENABLE ALWAYS}, inserts the key and the
 *       partition-key value of every row written into the delta table: OLD's for an update or delete, NEW's for an
 *       insert or update, in the writer's own transaction. {@code CREATE TRIGGER} waits for writers in flight, so once
 *       it has committed <i>every</i> later write leaves its key there. Because the trigger only inserts, it can fail
 *       no writer and is right under REPEATABLE READ. A statement trigger refuses TRUNCATE.
 *   <li><b>Chunked copy</b> ({@code copy}). After capture has committed, the source's heap of N blocks is cut into
 *       chunks. Each chunk is copied in one transaction together with its checkpoint, leaving out rows whose key is in
 *       the delta table. A key that was never written since capture does not move, so it is copied exactly once. A key
 *       that was written since is in the delta; it may have been copied once, before that write, and never a second
 *       time, because a snapshot that sees the newer version sees its delta row too. So the unique indexes built next
 *       never meet a duplicate. This requires that nothing leaves the delta table before the last chunk is done.
 *   <li><b>Indexes</b> ({@code index}) are built in bulk, partition by partition.
 *   <li><b>Replay</b> ({@code delta.replay}). Each batch is one transaction that reads by one snapshot: (a) take
 *       <i>all</i> delta rows of some keys out of the delta table, (b) delete the rows that they name from the new
 *       table, (c) insert those keys' rows as the source has them. A batch may be refused by a unique index, because a
 *       key of another batch has handed a value on. It then stays in the delta and comes later, in the end with the
 *       whole delta at once. Replay depends on state, not on order, so repeats and retries do no harm. Why (b) finds
 *       the row: what the new table holds for a key was read by the copy or by an earlier (c), and every change since
 *       is still in the delta, so its partition-key value is OLD or NEW of one of the rows taken.
 *   <li><b>Swap</b> ({@code swap}). In one transaction: lock the source, drain the delta, rename, start reverse
 *       capture. Under ACCESS EXCLUSIVE the delta is frozen, so after the drain the new table equals the source.
 * </ol>
 *
 * <p>The two tables need not be alike: columns may change their types on the way ({@code newtable.Conversions}), and
 * the partition-key value may be an expression over several columns, or NULL ({@code partitioning.PartitionKey}). The
 * delta table keeps these columns as the captured table has them, and every statement computes the value where it
 * compares. If triggers route the rows, a statement is made for each child that its rows are in
 * ({@code partitioning.Routes}). A row that changes its interval between two of them is in the delta table, and the
 * next replay puts it right.
 *
 * <p>The invariant, at any time, in one snapshot, with writers running: <i>every source row whose key is not in the
 * delta table is in the new table exactly once, and nothing else is, up to the chunks not yet done.</i> {@code verify}
 * checks it.
 *
 * <h2>Steps</h2>
 *
 * A step is what one changeset, its rollback, or a precondition that does work does to one table, under the
 * migration's lock. The steps are in {@code prepare}, {@code delta} (capture and replay), {@code copy}, {@code index},
 * {@code verify}, {@code swap} (the swap, the reverse swap, the drop of the backup), {@code upkeep} (the partitions
 * ahead), {@code retirement} (the partitions that leave) and {@code exchange} (of a partition for others).
 * {@code restart} runs steps again and is none, and all other rooms serve the steps. {@code run.StepRun} is one run of
 * a step; outside the engine, {@code step.Step} is a step as a changeset describes it, and {@code attribute.StepName}
 * names those that have settings.
 *
 * <h2>Rooms</h2>
 *
 * A room is a package, with those below it. Each may use the rooms that come after it, and none before, which a test
 * checks: {@code restart}, {@code prepare}, {@code survey}, {@code exchange}, {@code retirement}, {@code upkeep},
 * {@code swap}, {@code refusal}, {@code copy}, {@code index}, {@code verify}, {@code belonging}, {@code delta},
 * {@code rows}, {@code run}, {@code pace}, {@code lock}, {@code link}, {@code state}, {@code newtable},
 * {@code routing}, {@code partitioning}, {@code time}, {@code catalog}, {@code access}, {@code name}, {@code sql}.
 * Every room may use the types in this package itself.
 *
 * <p>The engine does not own attributes, changesets or connections: {@code attribute}, {@code step}, {@code change} and
 * {@code connection} do, outside. Called by these, by {@code precondition} and {@code command}, and by the generator,
 * which uses the rooms that read and plan.
 */
package liquibase.ext.partition.engine;
