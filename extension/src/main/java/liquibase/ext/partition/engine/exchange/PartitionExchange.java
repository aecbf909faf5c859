package liquibase.ext.partition.engine.exchange;

import java.sql.SQLException;
import java.util.ArrayList;
import java.util.List;
import java.util.function.Predicate;
import liquibase.ext.partition.engine.PartitionException;
import liquibase.ext.partition.engine.belonging.publications.Publication;
import liquibase.ext.partition.engine.belonging.publications.PublicationReader;
import liquibase.ext.partition.engine.belonging.publications.Publications;
import liquibase.ext.partition.engine.catalog.Feature;
import liquibase.ext.partition.engine.catalog.Obstacle;
import liquibase.ext.partition.engine.catalog.Table;
import liquibase.ext.partition.engine.catalog.TableReader;
import liquibase.ext.partition.engine.catalog.Trigger;
import liquibase.ext.partition.engine.catalog.server.TakenNames;
import liquibase.ext.partition.engine.delta.CapturedTable;
import liquibase.ext.partition.engine.delta.Continuity;
import liquibase.ext.partition.engine.delta.KnownPartitions;
import liquibase.ext.partition.engine.delta.Triggered;
import liquibase.ext.partition.engine.delta.replay.Replay;
import liquibase.ext.partition.engine.delta.replay.ReplayStep;
import liquibase.ext.partition.engine.lock.Lock;
import liquibase.ext.partition.engine.partitioning.Partition;
import liquibase.ext.partition.engine.rows.RowMatch;
import liquibase.ext.partition.engine.run.StepRun;
import liquibase.ext.partition.engine.sql.Identifier;
import liquibase.ext.partition.engine.sql.QualifiedName;
import liquibase.ext.partition.engine.sql.Session;
import liquibase.ext.partition.engine.sql.Sql;
import liquibase.ext.partition.engine.state.Migration;
import liquibase.ext.partition.engine.state.Phase;
import liquibase.ext.partition.engine.swap.LockedSwitch;
import liquibase.ext.partition.engine.swap.Swap;
import liquibase.ext.partition.engine.swap.SwapSettings;
import liquibase.ext.partition.engine.swap.SwitchPlan;
import liquibase.ext.partition.engine.upkeep.PresentPartitions;
import liquibase.ext.partition.engine.upkeep.Sister;
import liquibase.ext.partition.engine.verify.Fingerprint;

/**
 * The exchange: the parent gives up a partition and takes those of the staging table, which have its rows. It gives up
 * several in one transaction, which the staging table takes. {@link LockedSwitch} states the transaction.
 *
 * <p>Locks, in their order, ACCESS EXCLUSIVE all: the staging table, which nobody uses; the parent, for writers lock it
 * before its partitions; what it gives up, so that the delta is frozen for those, too, who write it by its name;
 * and the parent's default partition, whose bound changes. The parent's other partitions are not locked.
 *
 * <p>Under the lock the server reads no row and builds no index: every partition has the indexes of its future parent
 * already ({@link AttachRequirements}), and a CHECK for its bound. Where the bound of a default partition gets
 * narrower, a CHECK shows that it has no row of the others, made right before, while writers go on. The plan asks for
 * it, so it is asked for once more under the lock.
 *
 * <p>Safe to repeat: does nothing once the exchange is done.
 */
public final class PartitionExchange {
    static final Sql DETACH = Sql.of("ALTER TABLE {table} DETACH PARTITION {partition}");
    static final Sql ATTACH =
            Sql.of("ALTER TABLE {table} ATTACH PARTITION {partition} FOR VALUES FROM ({from}) TO ({to})");
    static final Sql ATTACH_AS = Sql.of("ALTER TABLE {table} ATTACH PARTITION {partition} {bound}");
    static final Sql RENAME = Sql.of("ALTER TABLE {table} RENAME TO {name}");
    private static final Sql IS_EMPTY = Sql.of("SELECT NOT EXISTS (SELECT FROM {table})");

    private final StepRun run;
    private final Migration migration;
    private final TableReader reader;
    private final ExchangeTables tables;

    private PartitionExchange(StepRun run, Migration migration, ExchangeTables tables) {
        this.run = run;
        this.migration = migration;
        this.reader = new TableReader(run.session());
        this.tables = tables;
    }

    /**
     * @param backupName the old partition's name afterwards
     * @throws PartitionException when old and new partitions differ, when the partition has got something that would be
     *     left behind, or when the lock is not granted
     */
    public static void run(StepRun run, Identifier backupName, SwapSettings settings) throws SQLException {
        Migration migration = run.migrations().require(run.source(), Phase.INDEXED, run.step());
        if (migration.exchange().isEmpty()) {
            throw new PartitionException(
                    "%s is to be swapped, and not to be exchanged for other partitions. Nothing was changed. Use lockedSwap instead of %s."
                            .formatted(run.source(), run.step()));
        }
        if (migration.phase().isAtLeast(Phase.SWAPPED)) {
            run.line("%s: %s is exchanged already.".formatted(run.step(), run.source()));
            return;
        }
        Table partition = new TableReader(run.session()).require(run.source());
        new PartitionExchange(run, migration, ExchangeTables.of(migration, partition, backupName)).exchange(settings);
    }

    /** The statements as a person would run them on the present tables; runs nothing. */
    public static Swap.Statements reviewStatements(StepRun run, Identifier backupName) throws SQLException {
        Migration migration = run.migrations().require(run.source(), Phase.INDEXED, run.step());
        TableReader reader = new TableReader(run.session());
        Table partition = reader.require(run.source());
        PartitionExchange exchange =
                new PartitionExchange(run, migration, ExchangeTables.of(migration, partition, backupName));
        Replay replay = ReplayStep.forward(
                migration, partition, RowMatch.of(reader, migration, partition, reader.require(migration.newTable())));
        List<BoundCheck> checks = exchange.tables.checksThere(run.session(), exchange.present());
        List<Sql> before = new ArrayList<>();
        checks.forEach(it -> before.addAll(it.statements()));
        List<Sql> transaction = new ArrayList<>(List.of(replay.prepareStatement()));
        exchange.locks(exchange.present()).forEach(lock -> transaction.add(lock.statement()));
        transaction.addAll(replay.drainStatements());
        transaction.addAll(exchange.statements(replay, partition, checks));
        transaction.add(LockedSwitch.COMMIT_WITHOUT_WAITING);
        return new Swap.Statements(before, transaction, List.of());
    }

    private void exchange(SwapSettings settings) throws SQLException {
        Session session = run.session();
        Table partition = reader.require(tables.partition());
        Table staging = reader.require(tables.staging());
        requireUnaltered(partition, staging);
        Replay replay = ReplayStep.forward(migration, partition, RowMatch.of(reader, migration, partition, staging));
        requireExchangeable(replay);
        Swap.compareWhereThatIsNotDone(run, migration, settings);
        List<BoundCheck> checks = tables.checksThere(session, present());
        ExchangeChecks.make(run, checks, settings.lock());
        long milliseconds;
        try {
            milliseconds = new LockedSwitch(
                            run,
                            settings,
                            replay,
                            migration.origin(),
                            tables.parent(),
                            CapturedTable.ofPartitions(tables.staging(), tables.staged()))
                    .run(new LockedSwitch.Body() {
                        @Override
                        public SwitchPlan plan() throws SQLException {
                            return PartitionExchange.this.plan(replay, checks);
                        }

                        @Override
                        public Sql record() {
                            return run.migrations()
                                    .swapStatement(
                                            migration,
                                            tables.backup().name(),
                                            Continuity.triggers(replay.capture(), tables.parent()),
                                            Fingerprint.expression(migration),
                                            KnownPartitions.of(migration));
                        }
                    });
        } catch (SQLException | RuntimeException e) {
            ExchangeChecks.takeBack(run, checks, e);
            throw e;
        }
        run.migrations().recordLockTime(migration, milliseconds);
        for (Publication publication : new PublicationReader(session).read(migration.liveOid())) {
            publication.consequence(tables.parent()).ifPresent(run::line);
        }
        run.line(
                "%s has %d %s in place of %s; %s. The lock was held for %d ms. To take this back alone, whatever was deployed since: liquibase update -DswapBack=%s"
                        .formatted(
                                tables.parent(),
                                tables.exchanged().size(),
                                tables.exchanged().size() == 1 ? "partition" : "partitions",
                                tables.oldInWords(),
                                tables.isOfSeveral()
                                        ? "%s has them, from %s on, as its partitions"
                                                .formatted(tables.staging(), tables.backup())
                                        : tables.backup() + " is its backup",
                                milliseconds,
                                tables.partition().name().name()));
    }

    private PresentPartitions present() throws SQLException {
        return PresentPartitions.read(
                run.session(), migration.exchange().orElseThrow().parentOid());
    }

    private void requireUnaltered(Table partition, Table staging) throws SQLException {
        Migration.Exchange exchange = migration.exchange().orElseThrow();
        PresentPartitions present = present();
        boolean altered = partition.oid() != migration.sourceOid() || staging.oid() != migration.newOid();
        for (LeavingPartition leaving : tables.leaving()) {
            altered |= reader.find(leaving.there())
                    .filter(it -> it.oid() == leaving.oid())
                    .isEmpty();
            altered |= PartitionPlace.read(run.session(), leaving.oid())
                    .filter(it -> it.parentOid() == exchange.parentOid())
                    .isEmpty();
            altered |= !present.hasBound(run.session(), leaving.there(), leaving.bound());
        }
        if (altered) {
            throw new PartitionException(
                    "%s or %s is not the table that this exchange began with, or is no partition of %s with the same bound any more. Nothing was exchanged and change capture is still on. Put it right, or roll back to before the exchange and begin again."
                            .formatted(tables.oldInWords(), staging.name(), tables.parent()));
        }
        List<QualifiedName> staged = reader.partitions(staging.name());
        List<QualifiedName> gone =
                tables.staged().stream().filter(it -> !staged.contains(it)).toList();
        if (!gone.isEmpty()) {
            throw new PartitionException(
                    "Partitions of %s were dropped, detached or renamed: %s. Nothing was exchanged. Put them back, or roll back to before the exchange and begin again."
                            .formatted(staging.name(), gone));
        }
    }

    private List<Table> leaving() throws SQLException {
        List<Table> leaving = new ArrayList<>();
        for (QualifiedName name : tables.old()) {
            leaving.add(reader.require(name));
        }
        return leaving;
    }

    private void requireExchangeable(Replay replay) throws SQLException {
        List<Table> leaving = leaving();
        PartitionPlace place =
                PartitionPlace.read(run.session(), leaving.get(0).oid()).orElseThrow();
        List<Migration> others = ExchangeObstacles.others(run.session(), run.state(), leaving);
        List<Obstacle> obstacles = new ArrayList<>(ExchangeObstacles.named(others));
        Predicate<Trigger> ours = replay.capture()::owns;
        obstacles.addAll(
                ExchangeObstacles.ofAll(run.session(), leaving, place, ours.or(ExchangeObstacles.ofOthers(others))));
        for (Table partition : leaving) {
            ExchangeObstacles.madeMeanwhile(run.session(), partition, migration).stream()
                    .filter(it -> !obstacles.contains(it))
                    .forEach(obstacles::add);
        }
        Migration.Exchange exchange = migration.exchange().orElseThrow();
        // What else the parent has and they lack is named above, with its own remedy.
        AttachRequirements.ofParent(run.session(), exchange.parentOid(), exchange.partitions()).stream()
                .filter(it -> it.feature() == Feature.COLUMNS)
                .forEach(obstacles::add);
        if (tables.isOfSeveral()) {
            obstacles.addAll(AttachRequirements.ofStaging(run.session(), migration.newOid(), exchange.left()));
        }
        for (QualifiedName kept : tables.kept()) {
            if (TakenNames.isTaken(run.session(), kept)) {
                obstacles.add(new Obstacle(
                        null,
                        "there is something named %s already, which is the old partition's name afterwards"
                                .formatted(kept),
                        kept.equals(tables.backup()) ? "rename it, or choose another backupTableName" : "rename it"));
            }
        }
        for (PresentPartitions.Found found : present().find(run.session(), tables.key(), tables.ranges())) {
            found.overlapping().stream()
                    .filter(it -> !tables.old().contains(it))
                    .forEach(
                            it -> obstacles.add(
                                    new Obstacle(
                                            null,
                                            "%s was made meanwhile, and overlaps %s"
                                                    .formatted(
                                                            it, found.wanted().name()),
                                            "detach it; or roll back to before the exchange, and begin again with from and until that go round it")));
        }
        if (!obstacles.isEmpty()) {
            throw new PartitionException(
                    "%s cannot be exchanged for other partitions:\n  %s\nNothing was exchanged and change capture is still on. Remove what stands in the way, then run update again."
                            .formatted(tables.oldInWords(), Obstacle.lines(obstacles)));
        }
    }

    private SwitchPlan plan(Replay replay, List<BoundCheck> made) throws SQLException {
        Session session = run.session();
        if (!Fingerprint.isUnchanged(run, migration)) {
            throw new PartitionException(
                    "%s or %s was rewritten or altered just now, so that the two may differ. Nothing was exchanged and change capture is still on. Run update again; it compares them first."
                            .formatted(tables.partition(), tables.staging()));
        }
        Table partition = reader.require(tables.partition());
        Table staging = reader.require(tables.staging());
        requireUnaltered(partition, staging);
        requireExchangeable(replay);
        PresentPartitions present = present();
        List<BoundCheck> checks = tables.checksThere(session, present);
        ExchangeChecks.require(run, made, checks);
        if (!tables.isOfDefault() && !session.queryBoolean(IS_EMPTY.with("table", tables.stagedDefault()))) {
            throw new PartitionException(
                    "%s has rows that no new partition takes, although %s had them. Nothing was exchanged. Report this: it should not happen."
                            .formatted(tables.stagedDefault(), tables.oldInWords()));
        }
        return new ExchangePlan(locks(present), statements(replay, partition, checks), List.of());
    }

    private List<Lock> locks(PresentPartitions present) {
        List<Lock> locks = new ArrayList<>(
                List.of(Lock.ofIdle(tables.staging()), Lock.againstAllWithoutPartitions(tables.parent())));
        tables.old().forEach(it -> locks.add(Lock.againstAll(it)));
        present.defaultPartition()
                .filter(it -> !it.equals(tables.partition()))
                .ifPresent(it -> locks.add(Lock.againstAll(it)));
        return locks;
    }

    private List<Sql> statements(Replay replay, Table partition, List<BoundCheck> checks) throws SQLException {
        Session session = run.session();
        Sister sister = Sister.read(session, tables.partition(), tables.key(), List.of());
        Triggered triggered = Triggered.of(replay.capture(), session, tables.staging());
        List<Sql> statements = new ArrayList<>(replay.capture().stopStatements(CapturedTable.ofOrigin(migration)));
        for (LeavingPartition leaving : tables.leaving()) {
            statements.add(DETACH.with("table", tables.parent()).with("partition", leaving.there()));
            statements.add(RENAME.with("table", leaving.there())
                    .with("name", leaving.kept().name()));
            // Subscribers have those changes already that are replayed into the backup from now on.
            for (Publication publication : new PublicationReader(session).read(leaving.oid())) {
                statements.add(Publications.drop(publication, leaving.kept()));
            }
        }
        for (QualifiedName table : tables.staged()) {
            statements.add(DETACH.with("table", tables.staging()).with("partition", table));
        }
        for (Partition range : tables.ranges()) {
            statements.add(ATTACH.with("table", tables.parent())
                    .with("partition", tables.named(range))
                    .with("from", tables.key().bound(range.from()))
                    .with("to", tables.key().bound(range.to())));
        }
        if (tables.isOfDefault()) {
            statements.add(ATTACH_AS
                    .with("table", tables.parent())
                    .with("partition", tables.stagedDefault())
                    .with("bound", Sql.raw(Migration.Exchange.DEFAULT)));
        }
        if (tables.isOfSeveral()) {
            for (LeavingPartition leaving : tables.leaving()) {
                statements.add(ATTACH_AS
                        .with("table", tables.staging())
                        .with("partition", leaving.kept())
                        .with("bound", Sql.raw(leaving.bound())));
            }
        }
        checks.forEach(it -> statements.add(it.drop(presentName(it.table()))));
        if (tables.isOfDefault()) {
            statements.add(RENAME.with("table", tables.stagedDefault())
                    .with("name", tables.partition().name()));
            statements.addAll(tables.renameIndexesThere(partition, reader.require(tables.stagedDefault())));
        }
        for (QualifiedName table : tables.exchanged()) {
            statements.addAll(sister.accessStatements(table));
        }
        statements.addAll(replay.capture()
                .startStatements(
                        CapturedTable.ofPartitions(tables.parent(), tables.exchanged()),
                        triggered.renamed(tables.stagedDefault(), tables.partition())));
        return statements;
    }

    /** What has left has the names of afterwards by then. */
    private QualifiedName presentName(QualifiedName before) {
        return tables.leaving().stream()
                .filter(it -> it.there().equals(before))
                .map(LeavingPartition::kept)
                .findFirst()
                .orElse(before);
    }
}
