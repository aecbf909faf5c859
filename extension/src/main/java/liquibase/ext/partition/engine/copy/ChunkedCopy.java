package liquibase.ext.partition.engine.copy;

import java.sql.SQLException;
import java.time.Duration;
import java.util.List;
import java.util.Locale;
import liquibase.ext.partition.engine.PartitionException;
import liquibase.ext.partition.engine.catalog.Column;
import liquibase.ext.partition.engine.catalog.Heap;
import liquibase.ext.partition.engine.catalog.Table;
import liquibase.ext.partition.engine.catalog.TableReader;
import liquibase.ext.partition.engine.delta.Capture;
import liquibase.ext.partition.engine.delta.CopiedRows;
import liquibase.ext.partition.engine.delta.Strangers;
import liquibase.ext.partition.engine.lock.LockTable;
import liquibase.ext.partition.engine.newtable.RowShape;
import liquibase.ext.partition.engine.pace.ChunkSize;
import liquibase.ext.partition.engine.pace.GivenPace;
import liquibase.ext.partition.engine.partitioning.Route;
import liquibase.ext.partition.engine.rows.Misfit;
import liquibase.ext.partition.engine.rows.RowMatch;
import liquibase.ext.partition.engine.rows.TakenRoutes;
import liquibase.ext.partition.engine.run.ProgressMeter;
import liquibase.ext.partition.engine.run.RemainingBlocks;
import liquibase.ext.partition.engine.run.StepRun;
import liquibase.ext.partition.engine.run.Workers;
import liquibase.ext.partition.engine.sql.Identifier;
import liquibase.ext.partition.engine.sql.QualifiedName;
import liquibase.ext.partition.engine.sql.Session;
import liquibase.ext.partition.engine.sql.Sql;
import liquibase.ext.partition.engine.sql.TupleId;
import liquibase.ext.partition.engine.state.Checkpoints;
import liquibase.ext.partition.engine.state.Chunk;
import liquibase.ext.partition.engine.state.Migration;
import liquibase.ext.partition.engine.state.Migration.CopyPlan;
import liquibase.ext.partition.engine.state.Phase;

/**
 * Copies the source into the new table, chunk by chunk.
 *
 * <p>Transactions: one per chunk, lasting about the {@linkplain liquibase.ext.partition.engine.pace.Pace chunk time}.
 * Locks: those of a SELECT on the source, and ROW EXCLUSIVE on the new table and each of its partitions, so that
 * nothing of others fires there ({@link Strangers}). Safe to repeat and to kill at any moment: finished chunks are
 * skipped, and an unfinished chunk leaves nothing behind. Writers are not held up.
 */
public final class ChunkedCopy {
    /** The default chunk size: a chunk holds as many rows as can be copied in the chunk time. */
    public static final long UNBOUNDED = Long.MAX_VALUE;

    /**
     * The size of the first chunk, including TOAST: some milliseconds of work, even if a user's function converts each
     * row.
     */
    private static final long FIRST_CHUNK_BYTES = 250_000;

    private static final Duration ANALYZE_INTERVAL = Duration.ofSeconds(30);

    /** Counting a large delta table every ten seconds would be a load of its own. */
    private static final long COUNTED_BACKLOG = 1_000_000;

    private static final Sql COPY_CHUNK = Sql.of("""
            INSERT INTO {newTable} ({columns}) OVERRIDING SYSTEM VALUE
            SELECT {sourceColumns} FROM ONLY {source} AS s
            WHERE s.ctid >= {from} AND s.ctid < {to}
              AND NOT EXISTS (SELECT FROM {delta} AS d WHERE {captured}){route}""");

    private static final Sql IN_CHUNK = Sql.of("s.ctid >= {from} AND s.ctid < {to}");

    private static final String NOTHING_OF_CHUNK =
            "Nothing of this chunk was kept; finished chunks are, and capture goes on.";

    private static final String NOT_CAPTURED =
            ". Writes since then may be missing from the delta table. Nothing was copied now. Roll back to before captureChanges and begin again.";

    private final StepRun run;
    private final Migration migration;
    private final Table source;
    private final Capture capture;
    private final Strangers strangers;
    private final String notCopied;

    private ChunkedCopy(StepRun run, Migration migration, Table source) {
        this.run = run;
        this.migration = migration;
        this.source = source;
        this.capture = Capture.of(migration);
        this.strangers = new Strangers(capture, migration.newTable());
        this.notCopied = "Rows of %s are not copied into %s".formatted(source.name(), migration.newTable());
    }

    /**
     * @throws PartitionException when changes are not captured, or the source is not what the migration began with
     */
    public static ChunkedCopy of(StepRun run) throws SQLException {
        Migration migration = run.migrations().require(run.source(), Phase.CAPTURING, run.step());
        return new ChunkedCopy(run, migration, new TableReader(run.session()).require(run.source()));
    }

    /** The statement that copies one chunk of a source whose key identifies a row, for execution and for review. */
    public static Sql copyStatement(
            QualifiedName source,
            Route route,
            QualifiedName delta,
            List<Identifier> columns,
            RowMatch match,
            Chunk chunk) {
        RowMatch.Rows rows = RowMatch.Rows.ofSource("s");
        return copyStatement(
                source, route, delta, columns, match, chunk, match.sameKey(RowMatch.Rows.ofSource("d"), rows));
    }

    private static Sql copyStatement(
            QualifiedName source,
            Route route,
            QualifiedName delta,
            List<Identifier> columns,
            RowMatch match,
            Chunk chunk,
            Sql captured) {
        RowMatch.Rows rows = RowMatch.Rows.ofSource("s");
        return COPY_CHUNK
                .with("newTable", route.written())
                .with("route", route.where(match.time(rows)))
                .with("columns", Sql.list(columns))
                .with("sourceColumns", match.list(rows, columns, RowShape.NEW))
                .with("source", source)
                .with("from", new TupleId(chunk.from()))
                .with("to", new TupleId(chunk.to()))
                .with("delta", delta)
                .with("captured", captured);
    }

    /**
     * Copies what is missing. Does nothing if the copy is complete.
     *
     * @param chunkSize about how many rows a chunk holds at most, however fast the copy is
     * @param workers how many chunks are copied at the same time
     * @param restart whether to empty the new table and begin anew
     * @param pace as the changelog says it
     * @throws PartitionException when the source was rewritten or altered since the plan was made, or capture is off
     */
    public void copy(long chunkSize, int workers, boolean restart, GivenPace pace) throws SQLException {
        if (migration.phase().isAtLeast(Phase.COPIED)) {
            run.line("%s: %s is copied already.".formatted(run.step(), run.source()));
            return;
        }
        if (restart && migration.plan().isPresent()) {
            capture.requireEnabled(run.session(), run.source(), NOT_CAPTURED);
            forget(run);
            run.line("%s: starting over; %s was emptied.".formatted(run.step(), migration.newTable()));
        }
        requireCapture();
        CopyPlan plan = restart || migration.plan().isEmpty()
                ? plan()
                : migration.plan().get();
        requireSame(plan);
        // Read here and not earlier: if the copy is done, the source may already be the partitioned table, whose key is
        // another.
        TableReader reader = new TableReader(run.session());
        RowMatch match = RowMatch.of(reader, migration, source, reader.require(migration.newTable()));
        copyMissing(plan, match, chunkSize, workers, pace);
        run.session().inTransaction(() -> {
            requireCapture();
            run.migrations().finishCopy(migration);
        });
    }

    /**
     * Empties the new table and forgets the plan and the checkpoints: the rollback. Needs nothing from the source,
     * which may have changed in a way that made the copy impossible.
     */
    public static void forget(StepRun run) throws SQLException {
        Migration migration = run.migrations().require(run.source(), Phase.PREPARED, run.step());
        migration.requireNotSwapped("The rows of the new table are not thrown away");
        if (!migration.phase().isAtLeast(Phase.CAPTURING)) {
            return;
        }
        run.session().inTransaction(() -> CopiedRows.discard(run, migration));
    }

    /**
     * Whether the source is still the one that the migration's plan was made from: neither rewritten nor altered since.
     */
    public static boolean isPlanValid(StepRun run, Migration migration) throws SQLException {
        CopyPlan plan = migration.plan().orElseThrow();
        return SourceHeaps.areSame(run.session(), migration, plan)
                && columns(run.session(), migration).equals(plan.columnFingerprint());
    }

    private static String columns(Session session, Migration migration) throws SQLException {
        return Column.fingerprint(new TableReader(session).columns(migration.sourceOid()));
    }

    private CopyPlan plan() throws SQLException {
        // Capture has committed, so any row outside these blocks was written since, and its key is in the delta table.
        Session session = run.session();
        CopyPlan plan = SourceHeaps.plan(session, migration, source);
        session.inTransaction(() -> {
            CopiedRows.removeLeftovers(run, migration);
            run.migrations().startCopy(migration, plan);
        });
        return plan;
    }

    private void copyMissing(CopyPlan plan, RowMatch match, long chunkSize, int workers, GivenPace pace)
            throws SQLException {
        Session session = run.session();
        Checkpoints checkpoints = new Checkpoints(session, run.state(), migration);
        Workers team = run.workers(pace);
        int atOnce = withRoomForLocks(workers);
        ChunkSize size = new ChunkSize(
                Heap.blocksOf(FIRST_CHUNK_BYTES, session, source.name()),
                ChunkSize.blocksFor(chunkSize, Heap.rowsPerBlock(session, source.name())));
        SourceHeaps heaps = SourceHeaps.of(migration, source.name(), plan);
        List<Chunk> gaps = heaps.missing(checkpoints);
        RemainingBlocks missing = new RemainingBlocks(gaps, size, team::chunkTime);
        long blocksBefore = plan.blocks() - missing.left();
        if (blocksBefore > 0) {
            run.line(String.format(
                    Locale.ROOT,
                    "%s: resuming %s after %.1f %% of its blocks, in %,d chunks.",
                    run.step(),
                    run.source(),
                    100.0 * blocksBefore / plan.blocks(),
                    checkpoints.count()));
        }
        ProgressMeter meter = new ProgressMeter(
                run.report(), "copy of " + run.source(), plan.blocks(), blocksBefore, checkpoints.rowsCopied());
        long[] analyzed = {System.nanoTime()};
        team.forEach(
                missing,
                atOnce,
                (worker, chunk) -> {
                    try {
                        Copied copied = copyChunk(worker, plan, match, chunk, heaps.place(chunk));
                        size.took(chunk.blocks(), copied.time());
                        meter.add(chunk.blocks(), copied.rows());
                    } catch (Checkpoints.Taken e) {
                        List<Chunk> undone = undone(worker, chunk, e);
                        missing.putBack(undone);
                        meter.add(chunk.blocks() - blocks(undone), 0);
                    }
                },
                () -> {
                    if (System.nanoTime() - analyzed[0] >= ANALYZE_INTERVAL.toNanos()) {
                        capture.analyze(session);
                        analyzed[0] = System.nanoTime();
                    }
                    if (meter.isDue()) {
                        meter.tell(backlog());
                    }
                });
        meter.tell(backlog());
    }

    /** As many workers as the server has room for the locks of, but at least one: each locks every partition. */
    private int withRoomForLocks(int workers) throws SQLException {
        long locks = LockTable.wantedBy(
                new TableReader(run.session()).partitions(migration.newTable()).size(), 0);
        LockTable table = LockTable.read(run.session());
        int fitting = workers;
        while (fitting > 1 && !table.hasRoomFor(fitting * locks)) {
            fitting--;
        }
        if (fitting < workers) {
            run.line(String.format(
                    Locale.ROOT,
                    "%s: %d of %d workers copy, because each takes up to %,d locks, and the server has room for %,d of which %,d are taken. To have more, raise max_locks_per_transaction (needs a restart).",
                    run.step(),
                    fitting,
                    workers,
                    locks,
                    table.capacity(),
                    table.used()));
        }
        return fitting;
    }

    /**
     * The blocks of a chunk that are left to copy after another runner's backend has finished some, or given some up.
     */
    private List<Chunk> undone(Session session, Chunk chunk, Checkpoints.Taken taken) throws SQLException {
        List<Chunk> undone = new Checkpoints(session, run.state(), migration).missing(chunk);
        if (taken.isCommitted() && undone.equals(List.of(chunk))) {
            throw new PartitionException(
                    "Blocks %d to %d of %s are claimed in %s by a row that is committed and not finished, which no runner leaves behind. Nothing of them was copied now; finished chunks are kept, and capture goes on. Delete the rows WHERE finished_at IS NULL there, then run update again."
                            .formatted(
                                    chunk.from(),
                                    chunk.to() - 1,
                                    run.source(),
                                    run.state().chunk()),
                    taken);
        }
        return undone;
    }

    private static long blocks(List<Chunk> chunks) {
        return chunks.stream().mapToLong(Chunk::blocks).sum();
    }

    private String backlog() throws SQLException {
        long backlog = capture.backlog(run.session(), COUNTED_BACKLOG);
        return "delta backlog %s%,d".formatted(backlog == COUNTED_BACKLOG ? "over " : "", backlog);
    }

    /** @param time how long the copy took, not counting the wait for another backend's claim */
    private record Copied(long rows, Duration time) {}

    private Copied copyChunk(Session session, CopyPlan plan, RowMatch match, Chunk chunk, SourceHeaps.Place place)
            throws SQLException {
        Checkpoints checkpoints = new Checkpoints(session, run.state(), migration);
        long[] claimed = {0};
        try {
            long copied = session.inTransaction(() -> {
                checkpoints.claim(chunk);
                claimed[0] = System.nanoTime();
                strangers.keepOut(session, notCopied, NOTHING_OF_CHUNK);
                long rows = 0;
                for (Route route : taken(session, match, place)) {
                    rows += session.update(copyStatement(
                            place.table(),
                            route,
                            capture.delta(),
                            source.writableColumns(),
                            match,
                            place.inHeap(),
                            captured(match)));
                }
                // Checked after the statement, under the lock that it took on the source, so that no rewrite can come
                // in between.
                requireSame(session, plan, SourceHeaps.isSame(session, place));
                checkpoints.finish(chunk, rows);
                return rows;
            });
            return new Copied(copied, Duration.ofNanos(System.nanoTime() - claimed[0]));
        } catch (Checkpoints.Taken e) {
            throw e;
        } catch (SQLException e) {
            throw explained(session, match, place, e);
        }
    }

    /**
     * Where several partitions are copied, the key alone need not identify a row, since a unique index of each has only
     * its own rows. So a row counts as written if its key and its partition-key value are in the delta table.
     */
    private Sql captured(RowMatch match) {
        RowMatch.Rows delta = RowMatch.Rows.ofSource("d");
        RowMatch.Rows rows = RowMatch.Rows.ofSource("s");
        return migration.isOfSeveral() ? match.sameRow(delta, rows) : match.sameKey(delta, rows);
    }

    private List<Route> taken(Session session, RowMatch match, SourceHeaps.Place place) throws SQLException {
        return TakenRoutes.ofChunk(
                session, migration.spec().routes(migration.newTable()), match, place.table(), place.inHeap());
    }

    private SQLException explained(Session session, RowMatch match, SourceHeaps.Place place, SQLException e) {
        return Misfit.explain(
                session,
                match,
                place.table(),
                RowMatch.Rows.ofSource("s"),
                IN_CHUNK.with("from", new TupleId(place.inHeap().from()))
                        .with("to", new TupleId(place.inHeap().to())),
                e,
                NOTHING_OF_CHUNK
                        + " Change the value and run update again; or take the migration back, say in the table config how to convert it (using), and begin again.");
    }

    private void requireSame(CopyPlan plan) throws SQLException {
        requireSame(run.session(), plan, SourceHeaps.areSame(run.session(), migration, plan));
    }

    /** @param sameHeap whether what is to be read was not rewritten since */
    private void requireSame(Session session, CopyPlan plan, boolean sameHeap) throws SQLException {
        if (!sameHeap) {
            throw new PartitionException(
                    "%s was rewritten since its copy began (VACUUM FULL, CLUSTER, pg_repack, or an ALTER TABLE that rewrites), so its rows are no longer where the chunks say. %s and the delta table are as they were; nothing of this chunk was kept. Start the copy over: liquibase update -DrestartCopy=%s."
                            .formatted(
                                    run.source(),
                                    migration.newTable(),
                                    run.source().name().name()));
        }
        String columns = columns(session, migration);
        if (!columns.equals(plan.columnFingerprint())) {
            throw new PartitionException(
                    "The columns of %s changed since its copy began. They were <%s> and are <%s>. Nothing of this chunk was kept. Take the migration back to before its preparation (rollback), and begin again with the new columns."
                            .formatted(run.source(), plan.columnFingerprint(), columns));
        }
    }

    private void requireCapture() throws SQLException {
        capture.requireOn(run.session(), run.source(), NOT_CAPTURED);
    }
}
