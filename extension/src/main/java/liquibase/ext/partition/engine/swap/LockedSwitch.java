package liquibase.ext.partition.engine.swap;

import java.sql.SQLException;
import java.util.List;
import java.util.Optional;
import liquibase.ext.partition.engine.PartitionException;
import liquibase.ext.partition.engine.delta.Replay;
import liquibase.ext.partition.engine.delta.ReplayStep;
import liquibase.ext.partition.engine.run.StepRun;
import liquibase.ext.partition.engine.sql.QualifiedName;
import liquibase.ext.partition.engine.sql.Session;
import liquibase.ext.partition.engine.sql.Sql;

/**
 * What the swap and the reverse swap have in common: catch up, lock, drain, switch, commit.
 *
 * <p>Transaction: one, from the lock to the last rename. Locks: ACCESS EXCLUSIVE on both tables, taken under the lock policy.
 * Whatever fails rolls all of it back.
 */
final class LockedSwitch {
    private static final Sql LOCK = Sql.of("LOCK TABLE {table} IN ACCESS EXCLUSIVE MODE");

    /** Attempts at a small drain before it is said that writers are too fast. */
    private static final int DRAIN_ATTEMPTS = 20;

    /** What is different between the swap and the reverse swap. Planned anew at each attempt, from what the catalog says then. */
    interface Body {
        /**
         * All locks, in order.
         *
         * @param ofTables those on the two tables
         */
        List<Sql> locks(List<Sql> ofTables) throws SQLException;

        /** Runs under the lock, after the drain: plans and runs the statements, and records the result. */
        void run() throws SQLException;
    }

    private final StepRun run;
    private final SwapSettings settings;
    private final Replay replay;
    private final QualifiedName leaving;
    private final QualifiedName entering;
    private final OldSnapshots oldSnapshots;

    LockedSwitch(StepRun run, SwapSettings settings, Replay replay, QualifiedName leaving, QualifiedName entering) {
        this.run = run;
        this.settings = settings;
        this.replay = replay;
        this.leaving = leaving;
        this.entering = entering;
        this.oldSnapshots = new OldSnapshots(run, leaving, settings);
    }

    /** The statements that lock, for review. */
    static List<Sql> lockStatements(QualifiedName leaving, QualifiedName entering) {
        return List.of(LOCK.with("table", leaving), LOCK.with("table", entering));
    }

    /** @return milliseconds that the lock was held */
    long run(Body body) throws SQLException {
        return replay.withScratchTable(run.session(), () -> untilDrainIsSmall(body));
    }

    private long untilDrainIsSmall(Body body) throws SQLException {
        catchUp();
        for (int attempt = 1; attempt <= DRAIN_ATTEMPTS; attempt++) {
            Optional<Long> lockedAt = attempt(run.session(), body);
            if (lockedAt.isPresent()) {
                return (System.nanoTime() - lockedAt.get()) / 1_000_000;
            }
            run.line("More than %,d delta rows under the lock; it was given back and they are replayed first."
                    .formatted(settings.maxDrainRows()));
            catchUp();
        }
        throw new PartitionException(
                "The delta of %s was larger than maxDrainRows (%,d) each of %d times that the lock was given. Nothing was renamed and change capture is still on. Raise maxDrainRows, or run update again when the table is less busy."
                        .formatted(leaving, settings.maxDrainRows(), DRAIN_ATTEMPTS));
    }

    private void catchUp() throws SQLException {
        ReplayStep.catchUp(run, replay, settings.maxDrainRows());
        oldSnapshots.await();
    }

    /** @return when the lock was given; empty where it was given back because the drain would be long */
    private Optional<Long> attempt(Session session, Body body) throws SQLException {
        return settings.lock()
                .inTransaction(
                        session,
                        run.report(),
                        leaving,
                        "Nothing was renamed and change capture is still on.",
                        () -> {
                            List<Sql> ofTables = lockStatements(leaving, entering);
                            List<Sql> locks = body.locks(ofTables);
                            long lockedAt = System.nanoTime();
                            if (locks.size() == ofTables.size()) {
                                session.updateAll(locks);
                                lockedAt = System.nanoTime();
                            } else {
                                LockPatience.lock(session, locks);
                            }
                            long backlog = replay.capture().backlog(session, settings.maxDrainRows() + 1);
                            if (backlog > settings.maxDrainRows()) {
                                return Optional.empty();
                            }
                            replay.capture()
                                    .requireOn(
                                            session,
                                            leaving,
                                            ", so the two tables may differ. Nothing was renamed. Roll back to before captureChanges and begin again.");
                            replay.drain(session);
                            body.run();
                            return Optional.of(lockedAt);
                        },
                        () -> replay.pass(session, settings.maxDrainRows()));
    }
}
