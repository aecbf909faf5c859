package liquibase.ext.partition.engine.exchange;

import java.sql.SQLException;
import java.util.ArrayList;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import liquibase.ext.partition.engine.PartitionException;
import liquibase.ext.partition.engine.access.Seclusion;
import liquibase.ext.partition.engine.belonging.publications.Publication;
import liquibase.ext.partition.engine.belonging.publications.PublicationReader;
import liquibase.ext.partition.engine.belonging.publications.Publications;
import liquibase.ext.partition.engine.belonging.triggers.TriggersAhead;
import liquibase.ext.partition.engine.catalog.Obstacle;
import liquibase.ext.partition.engine.catalog.PartitionTree;
import liquibase.ext.partition.engine.catalog.Table;
import liquibase.ext.partition.engine.catalog.TableReader;
import liquibase.ext.partition.engine.delta.Capture;
import liquibase.ext.partition.engine.delta.CapturedTable;
import liquibase.ext.partition.engine.delta.Continuity;
import liquibase.ext.partition.engine.delta.KnownPartitions;
import liquibase.ext.partition.engine.delta.KnownPartitions.ChangedPartition;
import liquibase.ext.partition.engine.delta.MissedWrites;
import liquibase.ext.partition.engine.delta.Triggered;
import liquibase.ext.partition.engine.delta.replay.Replay;
import liquibase.ext.partition.engine.delta.replay.ReplayStep;
import liquibase.ext.partition.engine.lock.Lock;
import liquibase.ext.partition.engine.pace.GivenPace;
import liquibase.ext.partition.engine.partitioning.Partition;
import liquibase.ext.partition.engine.rows.RowMatch;
import liquibase.ext.partition.engine.run.StepRun;
import liquibase.ext.partition.engine.sql.QualifiedName;
import liquibase.ext.partition.engine.sql.Session;
import liquibase.ext.partition.engine.sql.Sql;
import liquibase.ext.partition.engine.state.Migration;
import liquibase.ext.partition.engine.state.Migration.Exchange;
import liquibase.ext.partition.engine.state.Phase;
import liquibase.ext.partition.engine.swap.LockedSwitch;
import liquibase.ext.partition.engine.swap.SwapSettings;
import liquibase.ext.partition.engine.swap.SwitchPlan;
import liquibase.ext.partition.engine.upkeep.PresentPartitions;
import liquibase.ext.partition.engine.verify.BackupDifference;
import liquibase.ext.partition.engine.verify.Comparison;
import liquibase.ext.partition.engine.verify.ComparisonResult;
import liquibase.ext.partition.engine.verify.Fingerprint;
import liquibase.ext.partition.engine.verify.Verification;

/**
 * The way back from an exchange: every write since is drained into the old partition, which the parent takes back in
 * place of the new ones. These go back into the staging table, and capture goes on from the old partition, so that the
 * exchange can be done again. {@link PartitionExchange} states the locks, in which the new partitions have the place of
 * the old one.
 */
public final class ReverseExchange {
    private static final Sql LOCK = Sql.of("LOCK TABLE {tables} IN ACCESS EXCLUSIVE MODE");

    /** The statements that take policies from tables, and the tables from publications. */
    private static final Sql GIVEN = Sql.of("""
            WITH given AS (
              SELECT c.oid, n.nspname, c.relname
              FROM ({given}) AS t
              JOIN pg_catalog.pg_class AS c ON c.oid = t.oid
              JOIN pg_catalog.pg_namespace AS n ON n.oid = c.relnamespace)
            SELECT pg_catalog.format('DROP POLICY %I ON %I.%I', p.polname, g.nspname, g.relname) AS statement
            FROM given AS g JOIN pg_catalog.pg_policy AS p ON p.polrelid = g.oid
            UNION ALL
            SELECT pg_catalog.format('ALTER PUBLICATION %I DROP TABLE ONLY %I.%I', p.pubname, g.nspname, g.relname)
            FROM given AS g
            JOIN pg_catalog.pg_publication_rel AS r ON r.prrelid = g.oid
            JOIN pg_catalog.pg_publication AS p ON p.oid = r.prpubid
            WHERE pg_catalog.pg_has_role(p.pubowner, 'USAGE')
            ORDER BY statement""");

    private final StepRun run;
    private final Migration migration;
    private final TableReader reader;
    private final Capture capture;
    private final ExchangeTables tables;

    private ReverseExchange(StepRun run, Migration migration, ExchangeTables tables) {
        this.run = run;
        this.migration = migration;
        this.reader = new TableReader(run.session());
        this.capture = Capture.of(migration);
        this.tables = tables;
    }

    /** @throws PartitionException when the backup is gone or differs, or the lock is not granted */
    public static void run(StepRun run, SwapSettings settings) throws SQLException {
        Migration migration = run.migrations().require(run.source(), Phase.PREPARED, run.step());
        if (!migration.phase().isAtLeast(Phase.SWAPPED)) {
            run.line("%s: %s is not exchanged.".formatted(run.step(), run.source()));
            removeTriggers(run, migration, settings);
            return;
        }
        if (migration.phase().isAtLeast(Phase.DROPPED)) {
            throw new PartitionException(
                    "The backup of %s has been dropped, so there is no partition to go back to. Nothing was changed; the new partitions go on. Only a restore brings the earlier one back; roll back to a state after the drop instead."
                            .formatted(run.source()));
        }
        Table backup = new TableReader(run.session())
                .require(run.source().sibling(migration.backupTableName().orElseThrow()));
        new ReverseExchange(
                        run,
                        migration,
                        ExchangeTables.of(migration, backup, backup.name().name()))
                .exchange(settings);
        removeTriggers(run, migration, settings);
    }

    /** Work that is left after it. If this run is killed before, the next run does it. */
    private static void removeTriggers(StepRun run, Migration migration, SwapSettings settings) throws SQLException {
        if (migration.deltaTableName().isPresent()) {
            TriggersAhead.remove(
                    run, Capture.of(migration), CapturedTable.ofIdle(run.session(), migration), settings.lock());
        }
    }

    private void exchange(SwapSettings settings) throws SQLException {
        Session session = run.session();
        Table parent = reader.require(tables.parent());
        Table backup = reader.require(tables.backup());
        requireReversible(parent, backup);
        requireNothingMissed();
        Replay replay = ReplayStep.backward(run, migration, backup, RowMatch.of(reader, migration, backup, parent));
        List<BoundCheck> checks = tables.checksBack(session, present());
        ExchangeChecks.make(run, checks, settings.lock());
        long milliseconds;
        try {
            milliseconds = new LockedSwitch(
                            run,
                            settings,
                            replay,
                            tables.parent(),
                            tables.parent(),
                            tables.isOfSeveral()
                                    ? CapturedTable.ofPartitions(tables.staging(), tables.kept())
                                    : CapturedTable.ordinary(tables.backup()))
                    .run(new LockedSwitch.Body() {
                        @Override
                        public void requireReplayable() throws SQLException {
                            requireKnownPartitions();
                        }

                        @Override
                        public SwitchPlan plan() throws SQLException {
                            return ReverseExchange.this.plan(checks);
                        }

                        @Override
                        public Sql record() {
                            return run.migrations()
                                    .reverseSwapStatement(
                                            migration,
                                            Continuity.triggers(capture, migration.origin()),
                                            Fingerprint.expression(migration));
                        }
                    });
        } catch (SQLException | RuntimeException e) {
            ExchangeChecks.takeBack(run, checks, e);
            throw e;
        }
        run.line(
                "%s has %s again, with every write made since the exchange; the new partitions are kept up to date in %s. The lock was held for %d ms."
                        .formatted(
                                tables.parent(),
                                tables.isOfSeveral() ? tables.oldInWords() : "its partition " + tables.partition(),
                                tables.staging(),
                                milliseconds));
    }

    private PresentPartitions present() throws SQLException {
        return PresentPartitions.read(
                run.session(), migration.exchange().orElseThrow().parentOid());
    }

    private void requireReversible(Table parent, Table backup) throws SQLException {
        Table staging = reader.require(tables.staging());
        if (parent.oid() != migration.liveOid()
                || backup.oid() != migration.sourceOid()
                || staging.oid() != migration.newOid()) {
            throw new PartitionException(
                    "%s, %s or %s is not the table that the exchange left there; somebody renamed or made it anew. Nothing was changed. Put the names right, then roll back again."
                            .formatted(parent.name(), backup.name(), staging.name()));
        }
        List<QualifiedName> present = migration.heaps(tables.backup());
        if (!present.equals(tables.kept())
                || tables.isOfSeveral() && !reader.partitions(tables.staging()).containsAll(present)) {
            throw new PartitionException(
                    "Of the partitions that have left %s, %s should be partitions of %s, and some are not any more, or have other names. Nothing was changed. Put them back, then roll back again; or leave the exchange as it is."
                            .formatted(parent.name(), tables.kept(), staging.name()));
        }
        RowMatch.differingColumns(migration, parent, backup).ifPresent(columns -> {
            throw new PartitionException(
                    "The columns of %s changed since the exchange, so its rows do not fit the backup: %s. Nothing was changed. Undo that change, or make the same one on %s, then roll back again."
                            .formatted(
                                    parent.name(),
                                    columns,
                                    // The others of several are its partitions by now.
                                    tables.isOfSeveral() ? staging.name() : backup.name() + " and " + staging.name()));
        });
        List<QualifiedName> known = KnownPartitions.tables(run.session(), migration);
        List<QualifiedName> missing =
                tables.exchanged().stream().filter(it -> !known.contains(it)).toList();
        if (!missing.isEmpty()) {
            throw new PartitionException(
                    "Of the partitions that took the place of %s, %s are no partitions of %s any more, or have other names. Nothing was changed. Put them back, then roll back again; or leave the exchange as it is."
                            .formatted(tables.oldInWords(), missing, parent.name()));
        }
        Set<Obstacle> obstacles = new LinkedHashSet<>();
        for (LeavingPartition leaving : tables.leaving()) {
            obstacles.addAll(ExchangeObstacles.foreignKeys(run.session(), leaving.oid(), parent.oid()));
        }
        Exchange exchange = migration.exchange().orElseThrow();
        obstacles.addAll(AttachRequirements.ofParent(run.session(), parent.oid(), exchange.left()));
        obstacles.addAll(AttachRequirements.ofStaging(run.session(), staging.oid(), exchange.partitions()));
        if (!obstacles.isEmpty()) {
            throw new PartitionException(
                    "%s cannot have its partition back:\n  %s\nNothing was changed. Remove what stands in the way, then roll back again."
                            .formatted(parent.name(), Obstacle.lines(List.copyOf(obstacles))));
        }
    }

    private void requireNothingMissed() throws SQLException {
        Session session = run.session();
        if (!capture.isOn(session, tables.parent())) {
            throw new PartitionException(
                    "Changes of %s are not being captured: a trigger of %s is missing or disabled, so the backup may lack what was written since. Nothing was changed. %s"
                            .formatted(
                                    tables.parent(),
                                    capture.delta(),
                                    Continuity.remedy(session, capture, CapturedTable.ofLive(session, migration))));
        }
        List<MissedWrites.Missed> missed = capture.missed().first(session, Long.MAX_VALUE);
        if (missed.isEmpty()
                && Continuity.isUnbroken(run, migration, tables.parent())
                && KnownPartitions.changedSinceSwap(run, migration).isEmpty()
                && Fingerprint.isUnchangedButForNewPartitions(run, migration)) {
            return;
        }
        run.line(
                "%s: the partitions that took the place of %s, a trigger on them, or %s were changed since the exchange. They are compared first."
                        .formatted(run.step(), tables.oldInWords(), migration.kept()));
        ComparisonResult result = Verification.verifyBackup(run, Comparison.DEFAULT_CHUNK_SIZE, 1, GivenPace.NOTHING);
        if (result.differences() == 0) {
            capture.missed().forget(session, missed);
            return;
        }
        throw new PartitionException(
                "The new partitions of %s and their backup %s differ in %d rows that no trigger saw change. Nothing was changed, since the way back would bring the backup's rows. %sOr leave the exchange as it is. The keys:%s"
                        .formatted(
                                tables.parent(),
                                migration.kept(),
                                result.differences(),
                                BackupDifference.remedy(run, migration, result, "roll back again"),
                                result.list()));
    }

    /** They were unchanged when the step began; this covers the time from then until the lock is there. */
    private void requireKnownPartitions() throws SQLException {
        List<ChangedPartition> changed = KnownPartitions.changedSinceSwap(run, migration);
        if (!changed.isEmpty()) {
            throw new PartitionException(
                    "Partitions of %s have just been changed: %s. Nothing was changed by this run, and change capture is still on. Roll back again; they are compared with the backup first."
                            .formatted(tables.parent(), BackupDifference.words(changed)));
        }
    }

    private SwitchPlan plan(List<BoundCheck> made) throws SQLException {
        Session session = run.session();
        requireKnownPartitions();
        if (!Fingerprint.isUnchangedButForNewPartitions(run, migration)) {
            throw new PartitionException(
                    "%s or %s was rewritten or altered just now, so that they may differ. Nothing was changed by this run, and change capture is still on. Roll back again; they are compared first."
                            .formatted(tables.backup(), tables.staging()));
        }
        Table parent = reader.require(tables.parent());
        Table backup = reader.require(tables.backup());
        requireReversible(parent, backup);
        PresentPartitions present = present();
        List<BoundCheck> checks = tables.checksBack(session, present);
        ExchangeChecks.require(run, made, checks);
        Optional<QualifiedName> beside =
                present.defaultPartition().filter(it -> !tables.exchanged().contains(it));
        List<Lock> locks = new ArrayList<>(List.of(
                Lock.ofIdle(migration.kept()),
                Lock.ofIdle(tables.staging()),
                Lock.againstAllWithoutPartitions(tables.parent()),
                Lock.of(tables.exchanged().get(0), LOCK.with("tables", Sql.list(tables.exchanged())))));
        beside.ifPresent(it -> locks.add(Lock.againstAll(it)));
        return new ExchangePlan(locks, statements(backup, checks), List.of());
    }

    private List<Sql> statements(Table backup, List<BoundCheck> checks) throws SQLException {
        Triggered triggered = Triggered.of(capture, run.session(), migration.kept());
        List<Sql> statements = new ArrayList<>(
                capture.pauseStatements(CapturedTable.ofPartitions(tables.parent(), tables.exchanged())));
        statements.addAll(takenBack());
        List<Sql> published = new ArrayList<>();
        for (LeavingPartition leaving : tables.leaving()) {
            published.addAll(published(leaving.there()));
        }
        for (QualifiedName table : tables.exchanged()) {
            statements.add(
                    PartitionExchange.DETACH.with("table", tables.parent()).with("partition", table));
        }
        if (tables.isOfDefault()) {
            statements.addAll(tables.renameIndexesBack(backup, reader.require(tables.partition())));
            statements.add(PartitionExchange.RENAME
                    .with("table", tables.partition())
                    .with("name", tables.stagedDefault().name()));
        }
        for (LeavingPartition leaving : tables.leaving()) {
            if (tables.isOfSeveral()) {
                statements.add(
                        PartitionExchange.DETACH.with("table", tables.staging()).with("partition", leaving.kept()));
            }
            statements.add(PartitionExchange.RENAME
                    .with("table", leaving.kept())
                    .with("name", leaving.there().name()));
            triggered = triggered.renamed(leaving.kept(), leaving.there());
        }
        for (LeavingPartition leaving : tables.leaving()) {
            statements.add(PartitionExchange.ATTACH_AS
                    .with("table", tables.parent())
                    .with("partition", leaving.there())
                    .with("bound", Sql.raw(leaving.bound())));
        }
        for (Partition range : tables.ranges()) {
            statements.add(PartitionExchange.ATTACH
                    .with("table", tables.staging())
                    .with("partition", tables.named(range))
                    .with("from", tables.key().bound(range.from()))
                    .with("to", tables.key().bound(range.to())));
        }
        if (tables.isOfDefault()) {
            statements.add(PartitionExchange.ATTACH_AS
                    .with("table", tables.staging())
                    .with("partition", tables.stagedDefault())
                    .with("bound", Sql.raw(Migration.Exchange.DEFAULT)));
        }
        for (BoundCheck check : checks) {
            statements.add(check.drop(presentName(check.table())));
        }
        statements.addAll(published);
        statements.add(Seclusion.of(tables.staging(), tables.partition()));
        statements.addAll(capture.startStatements(
                tables.isOfSeveral()
                        ? CapturedTable.ofPartitions(tables.parent(), tables.old())
                        : CapturedTable.ordinary(tables.partition()),
                triggered));
        return statements;
    }

    /** Takes from the new partitions what the exchange gave them, so that the next one can give it again. */
    private List<Sql> takenBack() throws SQLException {
        return run
                .session()
                .queryStrings(GIVEN.with(
                        "given",
                        PartitionTree.given(migration.exchange().orElseThrow().partitions())))
                .stream()
                .map(Sql::raw)
                .toList();
    }

    /** The statements by which the publications of the new partitions publish an old one in their place. */
    private List<Sql> published(QualifiedName old) throws SQLException {
        return new PublicationReader(run.session())
                .read(migration.exchange().orElseThrow().partitions().get(0)).stream()
                        .filter(Publication::ownedByUs)
                        .map(it -> Publications.add(it, old))
                        .toList();
    }

    private QualifiedName presentName(QualifiedName before) {
        for (LeavingPartition leaving : tables.leaving()) {
            if (before.equals(leaving.kept())) {
                return leaving.there();
            }
        }
        return before.equals(tables.partition()) ? tables.stagedDefault() : before;
    }
}
