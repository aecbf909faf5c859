package liquibase.ext.partition.engine.swap;

import java.sql.SQLException;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import liquibase.ext.partition.engine.PartitionException;
import liquibase.ext.partition.engine.belonging.BelongingKinds;
import liquibase.ext.partition.engine.belonging.indexes.IndexCounterparts;
import liquibase.ext.partition.engine.belonging.kind.AfterSwitch;
import liquibase.ext.partition.engine.belonging.kind.Direction;
import liquibase.ext.partition.engine.belonging.kind.Intent;
import liquibase.ext.partition.engine.belonging.kind.Refusal;
import liquibase.ext.partition.engine.belonging.kind.SwitchContext;
import liquibase.ext.partition.engine.belonging.kind.SwitchedNames;
import liquibase.ext.partition.engine.belonging.kind.SwitchedTable;
import liquibase.ext.partition.engine.belonging.kind.TablePair;
import liquibase.ext.partition.engine.belonging.sequences.SequenceSwitch;
import liquibase.ext.partition.engine.catalog.Index;
import liquibase.ext.partition.engine.catalog.Obstacle;
import liquibase.ext.partition.engine.catalog.Table;
import liquibase.ext.partition.engine.catalog.TableReader;
import liquibase.ext.partition.engine.delta.Capture;
import liquibase.ext.partition.engine.delta.CapturedTable;
import liquibase.ext.partition.engine.delta.Continuity;
import liquibase.ext.partition.engine.delta.KnownPartitions;
import liquibase.ext.partition.engine.delta.replay.Replay;
import liquibase.ext.partition.engine.delta.replay.ReplayStep;
import liquibase.ext.partition.engine.lock.LockTable;
import liquibase.ext.partition.engine.name.CarriedName;
import liquibase.ext.partition.engine.pace.GivenPace;
import liquibase.ext.partition.engine.partitioning.PartitionKey;
import liquibase.ext.partition.engine.refusal.Obstacles;
import liquibase.ext.partition.engine.rows.RowMatch;
import liquibase.ext.partition.engine.run.StepRun;
import liquibase.ext.partition.engine.sql.Identifier;
import liquibase.ext.partition.engine.sql.QualifiedName;
import liquibase.ext.partition.engine.sql.Sql;
import liquibase.ext.partition.engine.state.Migration;
import liquibase.ext.partition.engine.state.Phase;
import liquibase.ext.partition.engine.state.Retirements;
import liquibase.ext.partition.engine.verify.Comparison;
import liquibase.ext.partition.engine.verify.Fingerprint;
import liquibase.ext.partition.engine.verify.Verification;

/**
 * The swap: the new table takes the place of the source, which becomes the backup. {@link LockedSwitch} states
 * transaction and locks. Safe to repeat: does nothing once the swap is done.
 */
public final class Swap {
    private final StepRun run;
    private final Migration migration;
    private final QualifiedName backup;

    private Swap(StepRun run, Migration migration, QualifiedName backup) {
        this.run = run;
        this.migration = migration;
        this.backup = backup;
    }

    public static Swap of(StepRun run, Identifier backupName) throws SQLException {
        Migration migration = run.migrations().require(run.source(), Phase.INDEXED, run.step());
        requireNoExchange(run, migration);
        return new Swap(run, migration, run.source().sibling(backupName));
    }

    /** @throws PartitionException when the table is a partition, which is exchanged and not swapped */
    static void requireNoExchange(StepRun run, Migration migration) {
        if (migration.exchange().isPresent()) {
            throw new PartitionException(
                    "%s is to be exchanged for other partitions, and not to be swapped. Nothing was changed. Use exchangePartitions instead of %s."
                            .formatted(run.source(), run.step()));
        }
    }

    /**
     * Swaps.
     *
     * @throws PartitionException when source and new table differ, when the source has got something that a swap would
     *     break, or when the lock is not granted
     */
    public void swap(SwapSettings settings) throws SQLException {
        SequenceSwitch sequences = new SequenceSwitch(run, migration, settings.waitForOldTransactions());
        AfterSwitch swapped = new AfterSwitch(
                run, migration, Direction.THERE, backup, settings.lock(), settings.waitForOldTransactions(), false);
        if (migration.phase().isAtLeast(Phase.SWAPPED)) {
            run.line("%s: %s is swapped already.".formatted(run.step(), run.source()));
            BelongingKinds.settle(swapped);
            BelongingKinds.finish(swapped);
            return;
        }
        AfterSwitch earlier = new AfterSwitch(
                run,
                migration,
                Direction.BACK,
                migration.newTable(),
                settings.lock(),
                settings.waitForOldTransactions(),
                true);
        BelongingKinds.settle(earlier);
        BelongingKinds.finish(earlier);
        TableReader reader = new TableReader(run.session());
        Table source = reader.require(run.source());
        Table entering = reader.require(migration.newTable());
        Replay replay = requireReady(reader, source, entering);
        requireTriggers(source, replay.match().partitionKey(), settings);
        sequences.requireFreeNames(source, entering);
        compareWhereThatIsNotDone(run, migration, settings);
        CapturedTable idle = new CapturedTable(
                migration.newTable(),
                reader.partitions(migration.newTable()),
                migration.spec().routing());
        LockedSwitch locked = new LockedSwitch(run, settings, sequences, replay, idle, backup);
        long milliseconds = locked.run(new LockedSwitch.Body() {
            @Override
            public Switch plan() throws SQLException {
                requireUnchanged();
                Table planned = reader.require(run.source());
                requireTriggers(planned, replay.match().partitionKey(), settings);
                return Swap.this.plan(reader, planned, replay, true);
            }

            @Override
            public Sql record() {
                return run.migrations()
                        .swapStatement(
                                migration,
                                backup.name(),
                                Continuity.triggers(replay.capture(), run.source()),
                                Fingerprint.expression(migration),
                                KnownPartitions.of(migration));
            }
        });
        run.migrations().recordLockTime(migration, milliseconds);
        BelongingKinds.settle(swapped);
        run.line(
                "%s is partitioned now; %s is its backup. The lock was held for %d ms. To take back this swap alone, whatever was deployed since: liquibase update -DswapBack=%s"
                        .formatted(
                                run.source(),
                                backup,
                                milliseconds,
                                run.source().name().name()));
        BelongingKinds.finish(swapped);
    }

    /**
     * Nothing is swapped that was not found equal. The changeset that compares may be recorded although its work was
     * taken back, by somebody who rolled back while an update ran. Liquibase would not run it again, so a refusal would
     * leave no way on.
     */
    public static void compareWhereThatIsNotDone(StepRun run, Migration migration, SwapSettings settings)
            throws SQLException {
        Capture.of(migration)
                .requireOn(
                        run.session(),
                        run.source(),
                        ". Nothing was renamed. What was written since then is on one side only. Roll back to before captureChanges and begin again.");
        if (!migration.phase().isAtLeast(Phase.VERIFIED)) {
            run.line("%s: that %s and %s are equal is not recorded. They are compared first."
                    .formatted(run.step(), run.source(), migration.newTable()));
            compare(run, settings);
        } else if (!Continuity.isUnbroken(run, migration, migration.origin())) {
            run.line(
                    "%s: a trigger that captures changes of %s was disabled, or made again, since the tables were compared. They are compared once more."
                            .formatted(run.step(), run.source()));
            compare(run, settings);
        } else if (!Fingerprint.isUnchanged(run, migration)) {
            run.line(
                    "%s: %s or %s was rewritten or altered since the tables were compared. They are compared once more."
                            .formatted(run.step(), run.source(), migration.newTable()));
            compare(run, settings);
        }
    }

    private static void compare(StepRun run, SwapSettings settings) throws SQLException {
        Verification.verifyCopy(
                run,
                Comparison.DEFAULT_CHUNK_SIZE,
                1,
                GivenPace.NOTHING,
                settings.maxDefaultShare().orElse(null));
    }

    /** The tables were unchanged when the step began; this covers the time from then until the lock is there. */
    private void requireUnchanged() throws SQLException {
        if (!Fingerprint.isUnchanged(run, migration)) {
            throw new PartitionException(
                    "%s or %s was rewritten or altered just now, so that the two may differ. Nothing was renamed and change capture is still on. Run update again; it compares them first."
                            .formatted(run.source(), migration.newTable()));
        }
    }

    /**
     * The statements of a swap as a person would run it.
     *
     * @param before statements on sequences, before the transaction
     * @param transaction the statements without BEGIN and COMMIT
     * @param after statements on sequences, after the transaction
     */
    public record Statements(List<Sql> before, List<Sql> transaction, List<Sql> after) {}

    /** The statements of a swap of the present tables; runs nothing. */
    public Statements statements() throws SQLException {
        TableReader reader = new TableReader(run.session());
        Table source = reader.require(run.source());
        Table entering = reader.require(migration.newTable());
        SequenceSwitch sequences = new SequenceSwitch(run, migration);
        return new Statements(
                sequences.reviewBefore(source, entering), reviewStatements(), sequences.reviewAfter(source, entering));
    }

    /** The transaction as a person would run it on the present tables; runs nothing. */
    public List<Sql> reviewStatements() throws SQLException {
        TableReader reader = new TableReader(run.session());
        Table source = reader.require(run.source());
        Replay replay = forwardReplay(reader, source, reader.require(migration.newTable()));
        Switch plan = plan(reader, source, replay, false);
        List<Sql> statements = new ArrayList<>(List.of(replay.prepareStatement()));
        plan.locks().forEach(lock -> statements.add(lock.statement()));
        statements.addAll(replay.drainStatements());
        statements.addAll(plan.statements());
        statements.add(LockedSwitch.COMMIT_WITHOUT_WAITING);
        return statements;
    }

    private Replay forwardReplay(TableReader reader, Table source, Table entering) throws SQLException {
        return ReplayStep.forward(migration, source, RowMatch.of(reader, migration, source, entering));
    }

    private Switch plan(TableReader reader, Table source, Replay replay, boolean stretched) throws SQLException {
        Table entering = reader.require(migration.newTable());
        requireUnaltered(reader, source, entering);
        PartitionKey key = replay.match().partitionKey();
        Intent intent = intent(source, key, List.of());
        requireCarriable(reader, source, entering, intent);
        requireNone(Refusal.UNFIT, BelongingKinds.obstacles(intent, Refusal.UNFIT));
        SwitchedTable ordinary = SwitchedTable.ordinary(source);
        SwitchedTable next = new SwitchedTable(
                entering,
                reader.partitions(migration.newTable()),
                migration.spec().routing(),
                List.of());
        List<Identifier> carried = usableIndexes(source).stream()
                .filter(name -> entering.index(
                                CarriedName.newIndex(run.source(), name).name())
                        .isPresent())
                .toList();
        TablePair pair = new TablePair(ordinary, backup.name(), next);
        SwitchedNames names = SwitchedNames.there(run.source(), carried);
        return Switch.of(SwitchContext.there(run, migration, pair, names, key, stretched, replay.capture()));
    }

    private Replay requireReady(TableReader reader, Table source, Table entering) throws SQLException {
        if (reader.find(backup).isPresent()) {
            throw new PartitionException(
                    "There is a table %s already, so the source cannot take that name. Nothing was renamed. Rename that table, or choose another backupTableName."
                            .formatted(backup));
        }
        requireUnaltered(reader, source, entering);
        Replay replay = forwardReplay(reader, source, entering);
        requireCarriable(reader, source, entering, intent(source, replay.match().partitionKey(), List.of()));
        long locks = LockTable.wantedBy(
                reader.partitions(migration.newTable()).size(), source.indexes().size());
        LockTable table = LockTable.read(run.session());
        if (!table.hasRoomFor(locks)) {
            throw new PartitionException(
                    "The swap of %s takes up to %,d locks, and the server has room for %,d of which %,d are taken. Nothing was renamed. Raise max_locks_per_transaction (needs a restart), or make fewer partitions."
                            .formatted(run.source(), locks, table.capacity(), table.used()));
        }
        return replay;
    }

    private void requireUnaltered(TableReader reader, Table source, Table entering) throws SQLException {
        if (source.oid() != migration.sourceOid() || entering.oid() != migration.newOid()) {
            throw new PartitionException(
                    "%s or %s is not the table that this migration began with; somebody renamed or made it anew. Nothing was renamed. Roll back to before createPartitionedTable and begin again."
                            .formatted(run.source(), migration.newTable()));
        }
        if (!source.ownedByUs()) {
            throw new PartitionException(
                    "%s belongs to role %s, and only its owner can rename it. Nothing was renamed. Run as that role, or GRANT %s to the role that runs Liquibase."
                            .formatted(
                                    run.source(), source.owner(), source.owner().quoted()));
        }
        requirePartitions(reader);
        RowMatch.differingColumns(migration, source, entering).ifPresent(columns -> {
            throw new PartitionException(
                    "The columns of %s changed since %s was made: %s. Nothing was renamed. Roll back to before createPartitionedTable and begin again."
                            .formatted(run.source(), migration.newTable(), columns));
        });
    }

    private Intent intent(Table source, PartitionKey key, List<Identifier> acceptedTriggers) {
        return new Intent(
                run.session(),
                source,
                migration.spec().accepting(acceptedTriggers),
                Optional.of(key),
                migration.spec().differingColumns());
    }

    private void requireCarriable(TableReader reader, Table source, Table entering, Intent intent) throws SQLException {
        List<Obstacle> obstacles = new ArrayList<>(BelongingKinds.judged(Obstacles.of(run.session(), source), intent));
        obstacles.addAll(BelongingKinds.obstacles(intent, Refusal.LEFT_BEHIND));
        requireNone(Refusal.LEFT_BEHIND, obstacles);
        List<String> differences = source.definedOtherwiseThan(entering, intent.differing());
        if (!differences.isEmpty()) {
            throw new PartitionException(
                    "%s and %s are not defined alike any more:\n  %s\nNothing was renamed. Make the same change on both, or undo it, then run update again."
                            .formatted(run.source(), migration.newTable(), String.join("\n  ", differences)));
        }
        requireIndexes(reader, source, entering);
    }

    /**
     * Somebody who dropped or detached a partition has taken its rows, which the comparison had found there. Where we
     * have, both tables are without these rows.
     */
    private void requirePartitions(TableReader reader) throws SQLException {
        List<QualifiedName> present = reader.partitions(migration.newTable());
        List<QualifiedName> gone = migration.spec().partitions().stream()
                .filter(name -> !present.contains(name))
                .toList();
        if (!Retirements.left(run.session(), run.state(), migration).containsAll(gone)) {
            throw new PartitionException(
                    "Partitions of %s were dropped, detached or renamed: %s. Nothing was renamed. Put them back, or roll back to before createPartitionedTable and begin again."
                            .formatted(migration.newTable(), gone));
        }
    }

    private void requireTriggers(Table source, PartitionKey key, SwapSettings settings) throws SQLException {
        requireNone(
                Refusal.UNSETTLED,
                BelongingKinds.obstacles(intent(source, key, settings.acceptedTriggers()), Refusal.UNSETTLED));
    }

    private void requireNone(Refusal refusal, List<Obstacle> obstacles) {
        if (!obstacles.isEmpty()) {
            throw new PartitionException(refusal.message(run.source(), obstacles));
        }
    }

    private void requireIndexes(TableReader reader, Table source, Table entering) throws SQLException {
        List<QualifiedName> partitions = reader.partitions(entering.name());
        for (Identifier index : usableIndexes(source)) {
            Identifier counterpart = CarriedName.newIndex(run.source(), index).name();
            Optional<Index> entered = entering.index(counterpart).filter(Index::valid);
            if (entered.isPresent()) {
                requireSame(source.index(index).orElseThrow(), entered.get());
                continue;
            }
            // If the partition key cannot be part of a unique index, each partition has the index separately.
            List<QualifiedName> without = reader.without(
                    partitions, partition -> partition.sibling(CarriedName.partitionIndex(partition.name(), index)));
            if (!without.isEmpty()) {
                throw new PartitionException(
                        "Index %s of %s has no counterpart %s on %s: it was made after buildIndexes ran. Nothing was renamed. Drop it and make it again after the swap; or copy again, with this index: liquibase update -DrestartCopy=%s."
                                .formatted(
                                        index,
                                        run.source(),
                                        counterpart,
                                        migration.newTable(),
                                        run.source().name().name()));
            }
        }
    }

    /** A unique index that was made in place of another one would no longer be unique after the swap. */
    private void requireSame(Index index, Index entered) {
        if (!IndexCounterparts.areAlike(index, entered, migration.partitionColumns())) {
            throw new PartitionException(
                    "Index %s of %s is another one than its counterpart %s on %s: it was made anew after buildIndexes ran. Nothing was renamed. Make it as it was, and change it after the swap; or copy again, with this index: liquibase update -DrestartCopy=%s."
                            .formatted(
                                    index.name(),
                                    run.source(),
                                    entered.name(),
                                    migration.newTable(),
                                    run.source().name().name()));
        }
    }

    private static List<Identifier> usableIndexes(Table table) {
        return table.indexes().stream().filter(Index::valid).map(Index::name).toList();
    }
}
