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
 *   <li><b>Replay</b> ({@code delta}). Each batch is one transaction that reads by one snapshot: (a) take <i>all</i>
 *       delta rows of some keys out of the delta table, (b) delete the rows that they name from the new table, (c)
 *       insert those keys' rows as the source has them. A batch may be refused by a unique index, because a key of
 *       another batch has handed a value on. It then stays in the delta and comes later, in the end with the whole
 *       delta at once. Replay depends on state, not on order, so repeats and retries do no harm. Why (b) finds the row:
 *       what the new table holds for a key was read by the copy or by an earlier (c), and every change since is still
 *       in the delta, so its partition-key value is OLD or NEW of one of the rows taken.
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
 * <h2>Layers</h2>
 *
 * Each room may use the rooms that come after it, which a test checks: {@code restart, prepare, survey → swap → refusal
 * → copy, index, verify → belonging → delta → rows → run → pace, lock, link → state → newtable → routing → partitioning
 * → time → catalog → access, name → sql}. Every room may use the types in this package itself.
 */
package liquibase.ext.partition.engine;
