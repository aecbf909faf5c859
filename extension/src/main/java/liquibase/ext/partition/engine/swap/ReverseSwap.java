package liquibase.ext.partition.engine.swap;

import java.sql.SQLException;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import liquibase.ext.partition.engine.PartitionException;
import liquibase.ext.partition.engine.belonging.BelongingKinds;
import liquibase.ext.partition.engine.belonging.indexes.IndexCounterparts;
import liquibase.ext.partition.engine.belonging.kind.AfterSwitch;
import liquibase.ext.partition.engine.belonging.kind.Direction;
import liquibase.ext.partition.engine.belonging.kind.SwitchContext;
import liquibase.ext.partition.engine.belonging.kind.SwitchedNames;
import liquibase.ext.partition.engine.belonging.kind.SwitchedTable;
import liquibase.ext.partition.engine.belonging.kind.TablePair;
import liquibase.ext.partition.engine.belonging.kind.WayBack;
import liquibase.ext.partition.engine.belonging.sequences.SequenceSwitch;
import liquibase.ext.partition.engine.catalog.Obstacle;
import liquibase.ext.partition.engine.catalog.Table;
import liquibase.ext.partition.engine.catalog.TableReader;
import liquibase.ext.partition.engine.catalog.Trigger;
import liquibase.ext.partition.engine.delta.Capture;
import liquibase.ext.partition.engine.delta.CapturedTable;
import liquibase.ext.partition.engine.delta.Continuity;
import liquibase.ext.partition.engine.delta.KnownPartitions;
import liquibase.ext.partition.engine.delta.KnownPartitions.ChangedPartition;
import liquibase.ext.partition.engine.delta.KnownPartitions.What;
import liquibase.ext.partition.engine.delta.MissedWrites;
import liquibase.ext.partition.engine.delta.replay.Replay;
import liquibase.ext.partition.engine.delta.replay.ReplayStep;
import liquibase.ext.partition.engine.pace.GivenPace;
import liquibase.ext.partition.engine.partitioning.Routing;
import liquibase.ext.partition.engine.refusal.Inheritance;
import liquibase.ext.partition.engine.refusal.Obstacles;
import liquibase.ext.partition.engine.rows.RowMatch;
import liquibase.ext.partition.engine.run.StepRun;
import liquibase.ext.partition.engine.sql.Identifier;
import liquibase.ext.partition.engine.sql.QualifiedName;
import liquibase.ext.partition.engine.sql.Session;
import liquibase.ext.partition.engine.sql.Sql;
import liquibase.ext.partition.engine.state.Migration;
import liquibase.ext.partition.engine.state.Phase;
import liquibase.ext.partition.engine.verify.BackupDifference;
import liquibase.ext.partition.engine.verify.Comparison;
import liquibase.ext.partition.engine.verify.ComparisonResult;
import liquibase.ext.partition.engine.verify.Fingerprint;
import liquibase.ext.partition.engine.verify.Verification;

/**
 * The way back: every write since the swap is drained into the backup, which becomes the live table again. Capture then
 * goes on from it, so that the swap can be done again. {@link LockedSwitch} states transaction and locks.
 */
public final class ReverseSwap {
    private ReverseSwap() {}

    /** @throws PartitionException when the backup is gone or has other columns, or the lock is not granted */
    public static void run(StepRun run, SwapSettings settings) throws SQLException {
        Migration migration = run.migrations().require(run.source(), Phase.PREPARED, run.step());
        if (!migration.phase().isAtLeast(Phase.SWAPPED)) {
            run.line("%s: %s is not swapped.".formatted(run.step(), run.source()));
            finish(run, migration, settings);
            return;
        }
        if (migration.phase().isAtLeast(Phase.DROPPED)) {
            throw new PartitionException(
                    "The backup of %s has been dropped, so there is no table to go back to. Nothing was changed; the partitioned table goes on. Only a restore brings the earlier one back; roll back to a state after the drop instead."
                            .formatted(run.source()));
        }
        Swap.requireNoExchange(run, migration);
        QualifiedName backupName =
                run.source().sibling(migration.backupTableName().orElseThrow());
        SequenceSwitch sequences = new SequenceSwitch(run, migration, settings.waitForOldTransactions());
        AfterSwitch swapped = new AfterSwitch(
                run, migration, Direction.THERE, backupName, settings.lock(), settings.waitForOldTransactions(), true);
        BelongingKinds.settle(swapped);
        BelongingKinds.finish(swapped);
        Session session = run.session();
        TableReader reader = new TableReader(session);
        Table live = reader.require(run.source());
        Table backup = reader.require(backupName);
        requireReversible(run, migration, live, backup);
        sequences.requireFreeNames(live, backup);
        IndexCounterparts indexes = new IndexCounterparts(migration, live, backup);
        indexes.require(session);
        Capture capture = Capture.of(migration);
        requireNothingMissed(run, migration, capture, reader);
        Replay replay = ReplayStep.backward(run, migration, backup, RowMatch.of(reader, migration, backup, live));
        indexes.left(session).forEach(run::line);
        AttachedTables attached = new AttachedTables(run, migration, replay);
        attached.requireNoneWithRowsOfItsOwn();
        long milliseconds = new LockedSwitch(
                        run, settings, sequences, replay, CapturedTable.ordinary(backupName), migration.newTable())
                .run(new LockedSwitch.Body() {
                    @Override
                    public void requireReplayable() throws SQLException {
                        requireKnownPartitions(run, migration);
                    }

                    @Override
                    public Switch plan() throws SQLException {
                        requireKnownPartitions(run, migration);
                        requireUnchanged(run, migration);
                        return ReverseSwap.plan(run, migration, reader, backupName, replay.capture());
                    }

                    @Override
                    public void approve() throws SQLException {
                        attached.requireNoneWithRowsOfItsOwn();
                    }

                    @Override
                    public Sql record() {
                        return run.migrations()
                                .reverseSwapStatement(
                                        migration,
                                        Continuity.triggers(capture, run.source()),
                                        Fingerprint.expression(migration));
                    }
                });
        run.line(
                "%s is the table it was before the swap, with every write made since; %s is kept up to date. The lock was held for %d ms."
                        .formatted(run.source(), migration.newTable(), milliseconds));
        finish(run, migration, settings);
    }

    /** Work that is left after the reverse swap. If this run is killed before it, the next run does it. */
    private static void finish(StepRun run, Migration migration, SwapSettings settings) throws SQLException {
        AfterSwitch back = new AfterSwitch(
                run,
                migration,
                Direction.BACK,
                migration.newTable(),
                settings.lock(),
                settings.waitForOldTransactions(),
                false);
        BelongingKinds.settle(back);
        BelongingKinds.finish(back);
    }

    private static void requireNothingMissed(StepRun run, Migration migration, Capture capture, TableReader reader)
            throws SQLException {
        if (!capture.isOn(run.session(), run.source())) {
            CapturedTable live = new CapturedTable(
                    run.source(),
                    reader.partitions(run.source()),
                    migration.spec().routing());
            throw new PartitionException(
                    "Changes of %s are not being captured: a trigger of %s is missing or disabled, so the backup may lack what was written since. Nothing was renamed. %s"
                            .formatted(run.source(), capture.delta(), Continuity.remedy(run.session(), capture, live)));
        }
        List<ChangedPartition> changed = known(KnownPartitions.changedSinceSwap(run, migration));
        boolean unbroken = Continuity.isUnbroken(run, migration, run.source());
        List<MissedWrites.Missed> missed = capture.missed().first(run.session(), Long.MAX_VALUE);
        if (unbroken
                && changed.isEmpty()
                && missed.isEmpty()
                && Fingerprint.isUnchangedButForNewPartitions(run, migration)) {
            return;
        }
        List<ChangedPartition> moved =
                BackupDifference.moved(changed, reader.partitions(run.source()).size());
        if (!moved.isEmpty()) {
            run.line("%s: partitions of %s are not what the swap left (%s). The table is compared with its backup."
                    .formatted(run.step(), run.source(), BackupDifference.words(moved)));
        } else {
            run.line(
                    !unbroken
                            ? "%s: a trigger that captures changes of %s was disabled, or made again, since the swap. The table is compared with its backup."
                                    .formatted(run.step(), run.source())
                            : missed.isEmpty()
                                    ? "%s: %s or its backup was rewritten or altered since the swap. The two are compared."
                                            .formatted(run.step(), run.source())
                                    : "%s: %,d writes of %s could not be recorded in %s since the swap, because a column was renamed, dropped or given another type for a while. The table is compared with its backup."
                                            .formatted(run.step(), missed.size(), run.source(), capture.delta()));
        }
        ComparisonResult result = Verification.verifyBackup(run, Comparison.DEFAULT_CHUNK_SIZE, 1, GivenPace.NOTHING);
        if (result.differences() == 0) {
            capture.missed().forget(run.session(), missed);
            return;
        }
        throw new PartitionException(
                "%s and its backup differ in %d rows%s %sOr leave the table partitioned. The keys:%s"
                        .formatted(
                                run.source(),
                                result.differences(),
                                whyNotBack(result, moved, unbroken, missed),
                                BackupDifference.remedy(run, migration, result, "roll back again"),
                                result.list()));
    }

    /** Why the differences are there, and why they stop the rollback. */
    private static String whyNotBack(
            ComparisonResult result, List<ChangedPartition> moved, boolean unbroken, List<MissedWrites.Missed> missed) {
        if (result.isOnlyComputed()) {
            return ", in generated columns alone. Nothing was renamed, since the rollback would bring other values than those that are stored.";
        }
        if (!moved.isEmpty()) {
            return " that no trigger saw, since partitions are not what the swap left. Nothing was renamed: the rollback would bring back rows that are gone, or lose rows.";
        }
        if (unbroken && missed.isEmpty()) {
            return " that no trigger saw change: somebody has altered a column of the one so that its values changed, made a column again, or taken rows out with a partition. Nothing was renamed, since the rollback would bring the backup's values back.";
        }
        return " that were written while %s. Nothing was renamed, since the rollback would lose these writes."
                .formatted(unbroken ? "a column that the capture reads was another one" : "a trigger was disabled");
    }

    /** Without attached tables, since the rows that they held are checked separately. */
    private static List<ChangedPartition> known(List<ChangedPartition> changed) {
        return changed.stream().filter(it -> it.what() != What.ADDED).toList();
    }

    /** As {@link #requireUnchanged}, but for partitions by name, including those that were made since. */
    private static void requireKnownPartitions(StepRun run, Migration migration) throws SQLException {
        List<ChangedPartition> changed = known(KnownPartitions.changedSinceSwap(run, migration));
        if (!changed.isEmpty()) {
            throw new PartitionException(
                    "Partitions of %s have just been changed: %s. Nothing was renamed and change capture is still on. Roll back again; the table is compared with its backup first."
                            .formatted(run.source(), BackupDifference.words(changed)));
        }
    }

    /** The tables were unchanged when the step began; this covers the time from then until the lock is there. */
    private static void requireUnchanged(StepRun run, Migration migration) throws SQLException {
        if (!Fingerprint.isUnchangedButForNewPartitions(run, migration)) {
            throw new PartitionException(
                    "%s or its backup was rewritten or altered just now, so that the two may differ. Nothing was renamed and change capture is still on. Roll back again; the two are compared first."
                            .formatted(run.source()));
        }
    }

    private static Switch plan(
            StepRun run, Migration migration, TableReader reader, QualifiedName backupName, Capture capture)
            throws SQLException {
        Table live = reader.require(run.source());
        Table backup = reader.require(backupName);
        requireReversible(run, migration, live, backup);
        IndexCounterparts indexes = new IndexCounterparts(migration, live, backup);
        indexes.require(run.session());
        TablePair pair = new TablePair(
                new SwitchedTable(
                        live,
                        reader.partitions(run.source()),
                        migration.spec().routing(),
                        childTriggers(reader, migration)),
                migration.newTableName(),
                SwitchedTable.ordinary(backup));
        SwitchedNames names = SwitchedNames.back(run.source(), indexes.carried());
        return Switch.of(SwitchContext.back(run, migration, pair, names, capture));
    }

    private static List<Trigger> childTriggers(TableReader reader, Migration migration) throws SQLException {
        return migration.spec().routing() == Routing.NATIVE
                ? List.of()
                : reader.require(migration.spec().defaultPartition()).triggers();
    }

    private static void requireReversible(StepRun run, Migration migration, Table live, Table backup)
            throws SQLException {
        if (live.oid() != migration.newOid() || backup.oid() != migration.sourceOid()) {
            throw new PartitionException(
                    "%s or %s is not the table that the swap left there; somebody renamed or made it anew. Nothing was changed. Put the names right, then roll back again."
                            .formatted(live.name(), backup.name()));
        }
        RowMatch.differingColumns(migration, live, backup).ifPresent(columns -> {
            throw new PartitionException(
                    "The columns of %s changed since the swap, so its rows do not fit the backup: %s. Nothing was changed. Undo that change, or give the backup the same columns, then roll back again."
                            .formatted(live.name(), columns));
        });
        Set<Identifier> differing = migration.spec().differingColumns();
        // The backup goes on as it was. It loses nothing if a check of the live table has been validated since.
        List<String> differences = live.withChecksAsValid().definedOtherwiseThan(backup.withChecksAsValid(), differing);
        if (!differences.isEmpty()) {
            throw new PartitionException(
                    "%s and its backup %s are not defined alike any more:\n  %s\nNothing was changed. Make the same change on both, or undo it, then roll back again."
                            .formatted(live.name(), backup.name(), String.join("\n  ", differences)));
        }
        List<Obstacle> obstacles = new ArrayList<>(BelongingKinds.back(
                Obstacles.withoutInheritingTables(run.session(), live),
                new WayBack(run.session(), live, backup, differing)));
        obstacles.addAll(Inheritance.childrenOfChildren(run.session(), live));
        if (!obstacles.isEmpty()) {
            throw new PartitionException(
                    "%s cannot be swapped back, because that would leave behind what others rely on:\n  %s\nNothing was changed. Remove these, then roll back again."
                            .formatted(live.name(), Obstacle.lines(obstacles)));
        }
    }
}
