package liquibase.ext.partition.engine.swap;

import java.sql.SQLException;
import java.time.Duration;
import liquibase.ext.partition.engine.PartitionException;
import liquibase.ext.partition.engine.catalog.Table;
import liquibase.ext.partition.engine.catalog.TableReader;
import liquibase.ext.partition.engine.delta.Capture;
import liquibase.ext.partition.engine.delta.KnownPartitions;
import liquibase.ext.partition.engine.delta.replay.Replay;
import liquibase.ext.partition.engine.delta.replay.ReplayStep;
import liquibase.ext.partition.engine.pace.GivenPace;
import liquibase.ext.partition.engine.pace.Throttle;
import liquibase.ext.partition.engine.pace.TimeIsUp;
import liquibase.ext.partition.engine.rows.RowMatch;
import liquibase.ext.partition.engine.run.StepRun;
import liquibase.ext.partition.engine.sql.QualifiedName;
import liquibase.ext.partition.engine.sql.Session;
import liquibase.ext.partition.engine.state.Migration;
import liquibase.ext.partition.engine.state.Phase;
import liquibase.ext.partition.engine.verify.Fingerprint;

/**
 * Keeps the delta short while the swap, or the drop of the backup, waits for days: every passing update replays what
 * has been written since the last one, into the new table before the swap and into the backup after it. So the swap, or
 * the rollback, has little left to do when its time comes.
 *
 * <p>Transactions: one per batch. Locks: those of ordinary INSERT and DELETE on the table that is written to and the
 * delta table. Safe to repeat and to kill at any moment. It is a favour to a later step and no step of its own: it
 * waits neither for another runner nor for a better hour, and ends after a set time with what it has done.
 */
public final class CatchUp {
    /** The default time: what a deployment can spare. */
    public static final Duration DEFAULT_TIME = Duration.ofMinutes(1);

    /** A pass that takes no more rows than this has caught up: they were written while it ran. */
    private static final long FEW = 1_000;

    private CatchUp() {}

    /** Whether there is anything to replay while the next step waits for approval. Costs one question, or none. */
    public static boolean isDue(Session session, Migration migration) throws SQLException {
        return migration.phase().isAtLeast(Phase.REPLAYED)
                && !migration.phase().isAtLeast(Phase.DROPPED)
                && migration.deltaTableName().isPresent()
                && Capture.of(migration).backlog(session, 1) > 0;
    }

    /**
     * Replays until the time is over or the delta is short.
     *
     * @param time after this, no further batch is begun
     * @param pace as the changelog says it
     * @throws PartitionException when there is no table to replay into, or changes are not captured, or a row does not
     *     fit; every change that is not replayed is still in the delta table then
     */
    public static void run(StepRun run, Duration time, GivenPace pace) throws SQLException {
        Migration migration = run.migrations().require(run.source(), Phase.REPLAYED, run.step());
        if (migration.phase().isAtLeast(Phase.DROPPED)) {
            return;
        }
        long until = System.nanoTime() + time.toNanos();
        Replay replay = replay(run, migration);
        replay.capture().requireOn(run.session(), run.source(), ". Nothing was replayed.");
        Throttle throttle = run.throttle(pace);
        try {
            replay.withScratchTable(run.session(), () -> {
                passes(run, replay, () -> {
                    throttle.nextOrStop(until);
                    return throttle.chunkTime();
                });
                return null;
            });
        } catch (TimeIsUp e) {
            run.line("replay of %s into %s ends here, because %s; the next update goes on."
                    .formatted(run.source(), replay.to().table(), e.getMessage()));
        }
    }

    private static void passes(StepRun run, Replay replay, Replay.Turn turn) throws SQLException {
        long before;
        long taken = Long.MAX_VALUE;
        do {
            before = taken;
            taken = ReplayStep.pass(run, replay, ReplayStep.DEFAULT_BATCH_SIZE, turn);
            run.line("replay of %s: %,d delta rows into %s"
                    .formatted(run.source(), taken, replay.to().table()));
        } while (taken > FEW && taken < before);
    }

    private static Replay replay(StepRun run, Migration migration) throws SQLException {
        TableReader reader = new TableReader(run.session());
        boolean swapped = migration.phase().isAtLeast(Phase.SWAPPED);
        QualifiedName aside =
                swapped ? run.source().sibling(migration.backupTableName().orElseThrow()) : migration.newTable();
        Table live = reader.require(swapped ? migration.live() : run.source());
        Table other = reader.require(aside);
        Table ordinary = swapped ? other : live;
        Table partitioned = swapped ? live : other;
        if (ordinary.oid() != migration.sourceOid()
                || partitioned.oid() != (swapped ? migration.liveOid() : migration.newOid())) {
            throw new PartitionException(
                    "%s or %s is not the table that this migration knows; somebody renamed or made it anew. Nothing was replayed. Put the names right; the next update replays it."
                            .formatted(live.name(), other.name()));
        }
        if (swapped && !isAsItWas(run, migration)) {
            throw new PartitionException(
                    "%s or its backup %s was rewritten or altered since they were last known to be equal, or a partition was taken out, whose rows the backup would lose. Nothing was replayed. The rollback, and the drop of the backup, compare the two first."
                            .formatted(live.name(), other.name()));
        }
        RowMatch match = RowMatch.of(reader, migration, ordinary, partitioned);
        return swapped
                ? ReplayStep.backward(run, migration, ordinary, match)
                : ReplayStep.forward(migration, ordinary, match);
    }

    /**
     * The fingerprint does not cover a partition that was made since, although the backup may have rows of it from a
     * replay.
     */
    private static boolean isAsItWas(StepRun run, Migration migration) throws SQLException {
        return Fingerprint.isUnchangedButForNewPartitions(run, migration)
                && KnownPartitions.changedSinceSwap(run, migration).stream()
                        .allMatch(partition -> partition.what() == KnownPartitions.What.ADDED);
    }
}
