package liquibase.ext.partition.engine.swap;

import java.sql.SQLException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import liquibase.ext.partition.engine.PartitionException;
import liquibase.ext.partition.engine.belonging.sequences.SequenceSwitch;
import liquibase.ext.partition.engine.belonging.views.DependentObstacles;
import liquibase.ext.partition.engine.catalog.Feature;
import liquibase.ext.partition.engine.catalog.Obstacle;
import liquibase.ext.partition.engine.catalog.Table;
import liquibase.ext.partition.engine.catalog.TableReader;
import liquibase.ext.partition.engine.catalog.server.QualifiedNames;
import liquibase.ext.partition.engine.delta.Capture;
import liquibase.ext.partition.engine.delta.CapturedTable;
import liquibase.ext.partition.engine.delta.Continuity;
import liquibase.ext.partition.engine.delta.KnownPartitions;
import liquibase.ext.partition.engine.delta.KnownPartitions.What;
import liquibase.ext.partition.engine.delta.MissedWrites;
import liquibase.ext.partition.engine.lock.Lock;
import liquibase.ext.partition.engine.lock.LockPatience;
import liquibase.ext.partition.engine.lock.LockPolicy;
import liquibase.ext.partition.engine.pace.GivenPace;
import liquibase.ext.partition.engine.partitioning.PartitionKey;
import liquibase.ext.partition.engine.refusal.Inheritance;
import liquibase.ext.partition.engine.refusal.Obstacles;
import liquibase.ext.partition.engine.run.StepRun;
import liquibase.ext.partition.engine.sql.Answers;
import liquibase.ext.partition.engine.sql.Identifier;
import liquibase.ext.partition.engine.sql.QualifiedName;
import liquibase.ext.partition.engine.sql.Session;
import liquibase.ext.partition.engine.sql.Sql;
import liquibase.ext.partition.engine.state.Migration;
import liquibase.ext.partition.engine.state.Migration.BackupVerification;
import liquibase.ext.partition.engine.state.Phase;
import liquibase.ext.partition.engine.verify.BackupDifference;
import liquibase.ext.partition.engine.verify.Comparison;
import liquibase.ext.partition.engine.verify.ComparisonResult;
import liquibase.ext.partition.engine.verify.Fingerprint;
import liquibase.ext.partition.engine.verify.Verification;

/**
 * The last step: stops reverse capture and drops the backup, once every row of it has been found in the live table.
 *
 * <p>Everything that the drop rests on is read beforehand and asked again under the lock: the tables behind the names,
 * what depends on the backup, that changes were captured without a break since the comparison, and that no partition
 * has gone. If an answer has changed, the lock is given back, and all begins anew with the comparison.
 *
 * <p>Transaction: one, after the comparison. Locks, under the lock policy: ACCESS EXCLUSIVE on the backup, which nobody
 * waits for; then on the live table, for a moment, to drop its triggers. Safe to repeat. Cannot be undone. If it fails,
 * nothing is dropped.
 */
public final class BackupDrop {
    /** A comparison that the precondition has just made is not repeated. */
    private static final Duration FRESH = Duration.ofMinutes(10);

    private static final int ATTEMPTS_UNDER_THE_LOCK = 5;

    private static final Sql DROP_TABLE = Sql.of("DROP TABLE {table}");
    private static final Sql DROP_CHECK = Sql.of("ALTER TABLE {table} DROP CONSTRAINT IF EXISTS {name}");

    private final StepRun run;
    private final Migration migration;
    private final QualifiedName backup;
    private final Capture capture;

    private BackupDrop(StepRun run, Migration migration) {
        this.run = run;
        this.migration = migration;
        this.backup = run.source().sibling(migration.backupTableName().orElseThrow());
        this.capture = Capture.of(migration);
    }

    /**
     * @param pace the pace of the comparison, as {@link Verification#verifyBackup} takes it
     * @throws PartitionException when the backup has a row that the live table lacks, or something depends on the
     *     backup, or the lock is not granted
     */
    public static void run(StepRun run, Identifier backupName, LockPolicy lock, int workers, GivenPace pace)
            throws SQLException {
        for (int attempt = 1; attempt <= ATTEMPTS_UNDER_THE_LOCK; attempt++) {
            Migration migration = run.migrations().require(run.source(), Phase.SWAPPED, run.step());
            if (migration.phase().isAtLeast(Phase.DROPPED)) {
                run.line("%s: the backup of %s is dropped already.".formatted(run.step(), run.source()));
                return;
            }
            if (!migration.backupTableName().orElseThrow().equals(backupName)) {
                throw new PartitionException(
                        "The backup of %s is %s, not %s. Nothing was dropped. Correct backupTableName."
                                .formatted(
                                        run.source(),
                                        migration.backupTableName().orElseThrow(),
                                        backupName));
            }
            BackupDrop drop = new BackupDrop(run, migration);
            if (migration.exchange().isEmpty()) {
                // Until then, a sequence that the live table goes on with can belong to the backup.
                new SequenceSwitch(run, migration).finish(drop.backup, lock);
            }
            drop.plan();
            drop.requireVerified(workers, pace);
            if (drop.isDone(lock)) {
                run.line("%s is dropped, and changes of %s are no longer captured."
                        .formatted(migration.kept(), migration.live()));
                for (String gap : ChildGaps.of(run.session(), migration)) {
                    run.line("%s: %s".formatted(run.step(), gap));
                }
                return;
            }
            run.line(
                    "What the drop of %s rests on was changed while its lock was waited for; the lock was given back, and all is looked at anew."
                            .formatted(drop.backup));
        }
        throw new PartitionException(
                "What the drop of the backup of %s rests on was changed each of %d times that its lock was waited for. Nothing was dropped. Run update again when nobody alters the table, its partitions or its triggers."
                        .formatted(run.source(), ATTEMPTS_UNDER_THE_LOCK));
    }

    /** The statements, planned from the present catalog, with the questions whose answers they rest on. */
    private Answers.Of<List<Sql>> plan() throws SQLException {
        Session session = run.session();
        return QualifiedNames.within(session, () -> session.recorded(this::statements));
    }

    private List<Sql> statements() throws SQLException {
        TableReader reader = new TableReader(run.session());
        Table old = reader.require(backup);
        Table current = reader.require(migration.live());
        if (old.oid() != migration.sourceOid() || current.oid() != migration.liveOid()) {
            throw new PartitionException(
                    "%s or %s is not the table that the swap left there; somebody renamed or made it anew. Nothing was dropped. Put the names right, then run update again."
                            .formatted(backup, current.name()));
        }
        List<Obstacle> obstacles = new ArrayList<>();
        for (QualifiedName heap : migration.heaps(backup)) {
            Table one = reader.require(heap);
            obstacles.addAll(new DependentObstacles(run.session()).all(one.oid()));
            // Those that have left together are partitions of the table that goes with them.
            Obstacles.of(run.session(), one).stream()
                    .filter(it -> !migration.isOfSeveral() || it.feature() != Feature.INHERITANCE)
                    .forEach(obstacles::add);
        }
        if (!obstacles.isEmpty()) {
            throw new PartitionException(
                    "%s cannot be dropped:\n  %s\nNothing was dropped. Remove these, then run update again."
                            .formatted(migration.kept(), Obstacle.lines(obstacles)));
        }
        List<Obstacle> notCaptured = Inheritance.childrenOfChildren(run.session(), current);
        if (!notCaptured.isEmpty()) {
            throw new PartitionException(
                    "%s cannot be dropped, because the comparison with it would leave out rows of %s:\n  %s\nNothing was dropped. Remove these, then run update again."
                            .formatted(migration.kept(), current.name(), Obstacle.lines(notCaptured)));
        }
        CapturedTable live = CapturedTable.ofLive(run.session(), migration);
        if (!capture.isOn(run.session(), current.name())) {
            throw new PartitionException(
                    "Changes of %s are not being captured: a trigger of %s is missing or disabled, so it cannot be told what was written since. Nothing was dropped. %s"
                            .formatted(
                                    current.name(), capture.delta(), Continuity.remedy(run.session(), capture, live)));
        }
        List<Sql> statements = new ArrayList<>(capture.stopStatements(live));
        statements.addAll(capture.freeStatements(run.session(), current.name()));
        statements.addAll(capture.dropStatements());
        migration.heaps(backup).forEach(it -> statements.add(DROP_TABLE.with("table", it)));
        if (migration.exchange().isPresent()) {
            statements.add(DROP_TABLE.with("table", migration.newTable()));
            live.partitions()
                    .forEach(it -> statements.add(
                            DROP_CHECK.with("table", it).with("name", PartitionKey.nameOfBoundCheck(it.name()))));
        }
        return statements;
    }

    /**
     * @return whether everything under the lock was as it was when the backup was found equal; otherwise nothing is
     * dropped
     */
    private boolean isDone(LockPolicy lock) throws SQLException {
        Session session = run.session();
        Answers.Of<Boolean> inStep = session.recorded(this::isInStep);
        Answers.Of<List<Sql>> plan = plan();
        if (!inStep.made()) {
            return false;
        }
        List<Lock> locks = locks(KnownPartitions.tables(session, migration));
        return lock.inTransaction(
                session,
                run.report(),
                migration.live(),
                "Nothing was dropped.",
                () -> {
                    LockPatience.lock(session, locks, migration.live());
                    boolean same = inStep.answers()
                                    .stillHold(session.queryAll(inStep.answers().asked()))
                            && QualifiedNames.within(
                                    session,
                                    () -> plan.answers()
                                            .stillHold(session.queryAll(
                                                    plan.answers().asked())));
                    if (same) {
                        session.updateAll(plan.made());
                        new SequenceSwitch(run, migration).forget();
                        run.migrations().recordDrop(migration);
                    }
                    return same;
                },
                () -> {});
    }

    /**
     * The live table comes last, and before its partitions, which is the order in which writers lock them. DROP TRIGGER
     * begins with the partitions, so it would deadlock with a writer who has locked the table already.
     */
    private List<Lock> locks(List<QualifiedName> partitions) {
        List<Lock> locks = new ArrayList<>(List.of(
                new Lock(run.state().migration(), run.migrations().lockStatement(migration), false, true),
                Lock.ofIdle(migration.kept())));
        if (migration.exchange().isPresent()) {
            locks.add(Lock.againstAllWithoutPartitions(migration.live()));
            partitions.forEach(it -> locks.add(Lock.againstAll(it)));
        } else {
            locks.add(Lock.againstAll(migration.live()));
        }
        // Waits only a moment for its readers. Writers lock it after the table, so it cannot come first.
        locks.add(Lock.ofIdle(capture.delta()));
        return locks;
    }

    /**
     * Whether the record of the comparison still holds: the same triggers have captured all the time, and no partition
     * has gone.
     */
    private boolean isInStep() throws SQLException {
        boolean recorded = run.migrations().isFoundEqual(migration);
        boolean unbroken = Continuity.isUnbroken(run, migration, migration.live());
        boolean unchanged = Fingerprint.isUnchangedButForNewPartitions(run, migration);
        boolean complete = capture.missed().first(run.session(), 1).isEmpty();
        return recorded
                && unbroken
                && complete
                && unchanged
                && KnownPartitions.changedSinceSwap(run, migration).stream().allMatch(it -> it.what() == What.ADDED);
    }

    private void requireVerified(int workers, GivenPace pace) throws SQLException {
        Optional<BackupVerification> earlier = migration
                .backupVerification()
                .filter(it -> it.differences() == 0 && it.ageSeconds() <= FRESH.toSeconds());
        if (earlier.isPresent() && isInStep()) {
            return;
        }
        List<MissedWrites.Missed> missed = capture.missed().first(run.session(), Long.MAX_VALUE);
        ComparisonResult result = Verification.verifyBackup(run, Comparison.DEFAULT_CHUNK_SIZE, workers, pace);
        if (result.differences() > 0) {
            throw new PartitionException(
                    "%s and its backup %s differ in %d rows%s. Nothing was dropped: the backup may be the only place that has them. %sThe keys:%s"
                            .formatted(
                                    migration.live(),
                                    migration.kept(),
                                    result.differences(),
                                    result.whichSinceTheSwap(),
                                    BackupDifference.remedy(run, migration, result, "run update again"),
                                    result.list()));
        }
        capture.missed().forget(run.session(), missed);
    }
}
