package liquibase.ext.partition.engine.delta.replay;

import java.sql.SQLException;
import java.util.List;
import liquibase.ext.partition.engine.PartitionException;
import liquibase.ext.partition.engine.catalog.Table;
import liquibase.ext.partition.engine.catalog.TableReader;
import liquibase.ext.partition.engine.delta.Capture;
import liquibase.ext.partition.engine.delta.KnownPartitions;
import liquibase.ext.partition.engine.newtable.RowShape;
import liquibase.ext.partition.engine.pace.GivenPace;
import liquibase.ext.partition.engine.pace.Pace;
import liquibase.ext.partition.engine.pace.Throttle;
import liquibase.ext.partition.engine.rows.RowMatch;
import liquibase.ext.partition.engine.run.StepRun;
import liquibase.ext.partition.engine.state.Migration;
import liquibase.ext.partition.engine.state.Phase;

/**
 * Catches up: replays until the delta table is small.
 *
 * <p>Transactions: one per batch. Locks: those of ordinary INSERT and DELETE on the new table and the delta table. Safe
 * to repeat and to kill at any moment.
 */
public final class ReplayStep {
    /** The default for how many delta rows a batch begins with: some tens of milliseconds of work. */
    public static final long DEFAULT_BATCH_SIZE = 10_000;

    private static final int PASSES_WITHOUT_GAIN = 10;

    private ReplayStep() {}

    /**
     * The replay from the source to the new table. Rows of several partitions are read through their table, by key and
     * partition-key value, as after the swap.
     *
     * @param source the source, or the first of the partitions
     */
    public static Replay forward(Migration migration, Table source, RowMatch match) {
        if (migration.isOfSeveral()) {
            return new Replay(
                    Capture.of(migration),
                    match,
                    migration.spec().routes(migration.origin()),
                    new Replay.Side(migration.origin(), RowShape.NEW, migration.liveOid()),
                    new Replay.Side(migration.newTable(), RowShape.SOURCE, migration.newOid()),
                    source.writableColumns());
        }
        return new Replay(
                Capture.of(migration),
                match,
                migration.spec().routes(migration.newTable()),
                new Replay.Side(migration.source(), RowShape.SOURCE, migration.sourceOid()),
                new Replay.Side(migration.newTable(), RowShape.NEW, migration.newOid()),
                source.writableColumns());
    }

    /**
     * The replay from the live table to the backup, after the swap.
     *
     * @param backup the backup, or the first of the partitions that have left
     */
    public static Replay backward(StepRun run, Migration migration, Table backup, RowMatch match) throws SQLException {
        return new Replay(
                Capture.of(migration),
                match,
                KnownPartitions.routes(run.session(), migration),
                new Replay.Side(migration.live(), RowShape.NEW, migration.liveOid()),
                migration.isOfSeveral()
                        ? new Replay.Side(migration.newTable(), RowShape.SOURCE, migration.newOid())
                        : new Replay.Side(backup.name(), RowShape.SOURCE, migration.sourceOid()),
                backup.writableColumns(),
                List.of(KnownPartitions.adoptStatement(run.state(), migration)));
    }

    /**
     * @param batchSize about how many delta rows a batch begins with; also what counts as small
     * @param pace as the changelog says it
     * @throws PartitionException when writers are faster than the replay
     */
    public static void run(StepRun run, long batchSize, GivenPace pace) throws SQLException {
        Migration migration = run.migrations().require(run.source(), Phase.INDEXED, run.step());
        if (migration.phase().isAtLeast(Phase.SWAPPED)) {
            run.line("%s: %s is swapped already.".formatted(run.step(), run.source()));
            return;
        }
        TableReader reader = new TableReader(run.session());
        Table source = reader.require(run.source());
        Table newTable = reader.require(migration.newTable());
        Replay replay = forward(migration, source, RowMatch.of(reader, migration, source, newTable));
        replay.capture()
                .requireOn(
                        run.session(),
                        run.source(),
                        ". Nothing was replayed. Roll back to before captureChanges and begin again.");
        Throttle throttle = run.throttle(pace);
        replay.withScratchTable(run.session(), () -> {
            catchUp(
                    run,
                    replay,
                    batchSize,
                    () -> {
                        throttle.awaitNext();
                        return throttle.chunkTime();
                    },
                    new ReplayCost());
            return null;
        });
        if (!migration.phase().isAtLeast(Phase.REPLAYED)) {
            run.migrations().setPhase(migration, Phase.REPLAYED);
        }
    }

    /**
     * Makes passes without a pause until one takes no more than {@code small} rows.
     *
     * @param cost receives what the rows cost
     * @throws PartitionException when ten passes in a row have not gained on the writers
     */
    public static void catchUp(StepRun run, Replay replay, long small, ReplayCost cost) throws SQLException {
        catchUp(run, replay, small, () -> Pace.DEFAULT_CHUNK_TIME, cost);
    }

    private static void catchUp(StepRun run, Replay replay, long small, Replay.Turn turn, ReplayCost cost)
            throws SQLException {
        long least = Long.MAX_VALUE;
        int withoutGain = 0;
        for (int pass = 1; ; pass++) {
            long taken = pass(run, replay, Math.max(small, 1), turn, cost);
            run.line("replay of %s: pass %d, %,d delta rows into %s"
                    .formatted(run.source(), pass, taken, replay.to().table()));
            if (taken <= small) {
                return;
            }
            withoutGain = taken < least ? 0 : withoutGain + 1;
            least = Math.min(least, taken);
            if (withoutGain == PASSES_WITHOUT_GAIN) {
                throw new PartitionException(
                        "Writers of %s are faster than the replay: the last %d passes took %,d rows and more each. Nothing is lost, and capture goes on. Run update again when the table is less busy."
                                .formatted(run.source(), PASSES_WITHOUT_GAIN, least));
            }
        }
    }

    /**
     * Makes one pass and records it: everything that was committed before it began is replayed now. @return the number
     * of delta rows taken
     */
    public static long pass(StepRun run, Replay replay, long batchSize, Replay.Turn turn) throws SQLException {
        return pass(run, replay, batchSize, turn, new ReplayCost());
    }

    private static long pass(StepRun run, Replay replay, long batchSize, Replay.Turn turn, ReplayCost cost)
            throws SQLException {
        long begun = System.nanoTime();
        long taken = replay.pass(run.session(), batchSize, turn, cost);
        run.migrations().recordCaughtUp(run.source(), (System.nanoTime() - begun) / 1_000_000);
        return taken;
    }
}
