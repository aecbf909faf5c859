package liquibase.ext.partition.engine.upkeep;

import java.sql.SQLException;
import java.time.LocalDate;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.Set;
import liquibase.ext.partition.engine.PartitionException;
import liquibase.ext.partition.engine.catalog.Table;
import liquibase.ext.partition.engine.catalog.TableReader;
import liquibase.ext.partition.engine.catalog.server.TakenNames;
import liquibase.ext.partition.engine.delta.Capture;
import liquibase.ext.partition.engine.delta.KnownPartitions;
import liquibase.ext.partition.engine.delta.Strangers;
import liquibase.ext.partition.engine.lock.AttemptLimit;
import liquibase.ext.partition.engine.lock.Lock;
import liquibase.ext.partition.engine.lock.LockPatience;
import liquibase.ext.partition.engine.lock.LockPolicy;
import liquibase.ext.partition.engine.newtable.ChildrenByTrigger;
import liquibase.ext.partition.engine.partitioning.Partition;
import liquibase.ext.partition.engine.partitioning.PartitionKey;
import liquibase.ext.partition.engine.partitioning.PartitionLayout;
import liquibase.ext.partition.engine.partitioning.Routing;
import liquibase.ext.partition.engine.partitioning.Runway;
import liquibase.ext.partition.engine.refusal.ServerClock;
import liquibase.ext.partition.engine.routing.TriggerRouting;
import liquibase.ext.partition.engine.run.StepRun;
import liquibase.ext.partition.engine.sql.Identifier;
import liquibase.ext.partition.engine.sql.QualifiedName;
import liquibase.ext.partition.engine.sql.Session;
import liquibase.ext.partition.engine.sql.Sql;
import liquibase.ext.partition.engine.sql.SqlState;
import liquibase.ext.partition.engine.state.Migration;
import liquibase.ext.partition.engine.state.Phase;
import liquibase.ext.partition.engine.state.StateTables;
import liquibase.ext.partition.engine.state.TableInService;
import liquibase.ext.partition.engine.verify.Fingerprint;

/**
 * Makes the partitions that are missing ahead: of the live table after the swap, of the new table before it.
 *
 * <p><b>No writer fails.</b> A row of an interval without a partition goes to the default partition. A writer who has
 * looked for the place of such a row, and then waits for the default partition while the partition is attached, would
 * get an error from the server. So writers are kept out while it is attached, by SHARE ROW EXCLUSIVE on the table,
 * which lets readers pass; those who come then look for the place afterwards. Without a default partition such a row
 * was refused before, and SHARE UPDATE EXCLUSIVE is enough.
 *
 * <p><b>Writers wait no longer than for one attempt.</b> The partition is made before any lock is asked for. Under the
 * lock nothing takes time but the server's look at the default partition's rows. Wait and look together are given up
 * when they take as long as the longest attempt at the lock. A default partition that is too large for that is read
 * before, while writers go on; see {@link #besideWriters}.
 *
 * <p><b>A partition that holds no row when it is attached changes no verdict.</b> So it is added, in the transaction
 * that attaches it, to what was known when the two tables were last found equal ({@link Fingerprint},
 * {@link KnownPartitions}). Before the swap, rows of the interval are moved over from the default partition: nobody
 * reads the new table, and it holds the same rows as before.
 *
 * <p>Transactions: one for some partitions that follow each other. Locks, under the lock policy: those above, ACCESS
 * EXCLUSIVE on the default partition, and SHARE ROW EXCLUSIVE on tables that a foreign key of the table refers to. Safe
 * to repeat and to kill: what is not attached does not exist.
 *
 * <p>The file is long because what is done before and under the lock, by either routing, is one argument.
 */
public final class Upkeep {
    /** The partitions of one transaction. Each is some locks. */
    private static final int AT_A_TIME = 24;

    /** How often rows may come between the count and the lock before their interval is left for another time. */
    private static final int ATTEMPTS = 3;

    private static final String UNCHANGED = "No partition was made, and nothing was changed.";

    private static final Sql AGAINST_WRITERS = Sql.of("LOCK TABLE ONLY {table} IN SHARE ROW EXCLUSIVE MODE");
    private static final Sql AGAINST_CHANGES = Sql.of("LOCK TABLE ONLY {table} IN SHARE UPDATE EXCLUSIVE MODE");
    private static final Sql ATTACH =
            Sql.of("ALTER TABLE {table} ATTACH PARTITION {partition} FOR VALUES FROM ({from}) TO ({to})");

    private static final Sql MOVE = Sql.of("""
            WITH moved AS (DELETE FROM ONLY {from} WHERE {value} >= {lower} AND {value} < {upper} RETURNING {columns})
            INSERT INTO {to} ({columns}) OVERRIDING SYSTEM VALUE SELECT {columns} FROM moved""");

    private static final Sql VACUUM = Sql.of("VACUUM (ANALYZE) {table}");

    private final StepRun run;
    private final LockPolicy lock;
    private final Migration migration;
    private final Table table;
    private final PartitionKey key;
    private final LocalDate today;
    private final List<Partition> made = new ArrayList<>();

    private Upkeep(StepRun run, LockPolicy lock, Migration migration, Table table, LocalDate today) {
        this.run = run;
        this.lock = lock;
        this.migration = migration;
        this.table = table;
        this.today = today;
        this.key = PartitionKey.of(
                migration.spec().partitionKey(),
                table.columns(),
                migration.spec().textDateFunction());
    }

    /**
     * Whether a partition is missing, or a killed run has left a CHECK that refuses rows, or the partitions are to
     * reach elsewhere than at the last update. Two questions, which take no lock.
     *
     * @throws PartitionException when too many are missing, or the table is partitioned and not by a migration
     */
    public static boolean isDue(Session session, StateTables state, QualifiedName source, Runway runway)
            throws SQLException {
        return MissingPartitions.ask(session, state, source)
                .filter(it -> it.leftCheck()
                        || !it.isRecorded(runway)
                        || !it.upTo(runway).isEmpty())
                .isPresent();
    }

    /**
     * Makes what is missing, and drops the CHECK that a killed run has left. An interval whose partition cannot be made
     * is reported, and the others are made. Does nothing for a table whose migration has not begun.
     *
     * @throws PartitionException when too many are missing, the server's clock is far off, or a lock is not granted
     */
    public static void run(StepRun run, Runway runway, LockPolicy lock) throws SQLException {
        Optional<MissingPartitions> answer = MissingPartitions.ask(run.session(), run.state(), run.source());
        if (answer.isEmpty()) {
            return;
        }
        MissingPartitions asked = answer.get();
        List<Partition> missing = asked.upTo(runway);
        if (runway.followsTheClock() && !missing.isEmpty()) {
            ServerClock.requireNear(asked.now());
        }
        Migration migration = run.migrations().find(run.source()).orElseThrow();
        if (!asked.isRecorded(runway)) {
            run.session().update(run.migrations().reachStatement(migration, runway));
        }
        if (missing.isEmpty() && !asked.leftCheck()) {
            return;
        }
        QualifiedName name = migration.phase().isAtLeast(Phase.SWAPPED) ? run.source() : migration.newTable();
        Optional<Table> table = new TableReader(run.session()).find(name).filter(it -> it.oid() == asked.oid());
        if (table.isEmpty() || !TableInService.isPartitionedAsRecorded(run.session(), table.get(), migration)) {
            run.line(
                    "%s: WARNING: %s is not the table that the migration of %s has made, so that it gets no partitions. Put the names right; the next update makes them."
                            .formatted(run.step(), name, run.source()));
            return;
        }
        new Upkeep(run, lock, migration, table.get(), asked.today()).make(missing);
    }

    private void make(List<Partition> missing) throws SQLException {
        Set<Identifier> there = new HashSet<>();
        if (migration.spec().routing() == Routing.NATIVE) {
            makePartitions(missing, there);
        } else {
            makeChildren(missing, there);
        }
        made.forEach(it -> there.add(it.name()));
        LocalDate until = migration.spec().layout().until();
        for (Partition partition : missing) {
            if (partition.from().equals(until) && there.contains(partition.name())) {
                until = partition.to();
            }
        }
        run.session().update(run.migrations().extendRangeStatement(migration, until));
        if (!made.isEmpty()) {
            run.line("%s: %s has %s now, until %s."
                    .formatted(
                            run.step(),
                            table.name(),
                            names(made),
                            migration
                                    .spec()
                                    .layout()
                                    .interval()
                                    .write(made.get(made.size() - 1).to())));
        }
    }

    private static String names(List<Partition> partitions) {
        String first = partitions.get(0).name().toString();
        return switch (partitions.size()) {
            case 1 -> "partition " + first;
            case 2 -> "partitions %s and %s".formatted(first, partitions.get(1).name());
            default ->
                "partitions %s to %s (%d)"
                        .formatted(first, partitions.get(partitions.size() - 1).name(), partitions.size());
        };
    }

    private void warn(Partition partition, String why) {
        run.line("%s: WARNING: %s of %s is not made: %s".formatted(run.step(), partition.name(), table.name(), why));
    }

    private boolean isLive() {
        return migration.phase().isAtLeast(Phase.SWAPPED);
    }

    private boolean isCaptured() {
        return isLive() && !migration.phase().isAtLeast(Phase.DROPPED);
    }

    private QualifiedName named(Partition partition) {
        return migration.spec().partition(partition.name());
    }

    /** @param there gets the names of the partitions that are there already, as they should be */
    private void makePartitions(List<Partition> missing, Set<Identifier> there) throws SQLException {
        PresentPartitions present = PresentPartitions.read(run.session(), table.oid());
        DefaultRange rest =
                present.defaultPartition().map(it -> new DefaultRange(it, key)).orElse(null);
        if (rest != null && rest.isThere(run.session())) {
            dropCheck(rest);
        }
        List<Partition> free = new ArrayList<>();
        for (PresentPartitions.Found found : present.find(run.session(), key, missing)) {
            Optional<PresentPartitions.Present> namesake = present.named(named(found.wanted()));
            if (found.same().isPresent()) {
                found.same().filter(named(found.wanted())::equals).ifPresent(it -> there.add(it.name()));
            } else if (namesake.isPresent()) {
                warn(
                        found.wanted(),
                        "the partition of that name has other bounds, %s, than it should have, from %s to %s. Rows of it go where they went before. Rename that partition; the next update makes what is missing, unless others are in its place."
                                .formatted(
                                        namesake.get().range(),
                                        found.wanted().from(),
                                        found.wanted().to()));
            } else if (!found.overlapping().isEmpty()) {
                warn(
                        found.wanted(),
                        "its range, from %s to %s, overlaps that of %s. Rows of it go where they went before. Detach that partition, or let it be and write from and until that go round it."
                                .formatted(found.wanted().from(), found.wanted().to(), found.overlapping()));
            } else if (TakenNames.isTaken(run.session(), named(found.wanted()))) {
                warn(
                        found.wanted(),
                        "something else has that name, and is no partition of the table. Rows of it go where they went before. Rename it, or attach it; the next update makes what is missing.");
            } else {
                free.add(found.wanted());
            }
        }
        if (free.isEmpty()) {
            return;
        }
        Optional<QualifiedName> model = present.defaultPartition().or(present::last);
        if (model.isEmpty()) {
            run.line("%s: WARNING: %s has no partition by whose example others can be made."
                    .formatted(run.step(), table.name()));
            return;
        }
        Sister sister = Sister.read(run.session(), model.get(), key, relatives());
        for (List<Partition> batch : batches(withoutRows(free, rest))) {
            makeBatch(batch, sister, rest);
        }
    }

    /** The tables whose indexes have given those of the partitions their names. */
    private List<Table> relatives() throws SQLException {
        List<Table> relatives = new ArrayList<>(List.of(table));
        TableReader reader = new TableReader(run.session());
        Optional<QualifiedName> other =
                isLive() ? migration.backupTableName().map(run.source()::sibling) : Optional.of(run.source());
        if (other.isPresent()) {
            reader.find(other.get()).ifPresent(relatives::add);
        }
        return relatives;
    }

    /**
     * Without those of which the live table's default partition has rows, which are reported.
     *
     * @param rest the default partition's range; null if there is none
     */
    private List<Partition> withoutRows(List<Partition> free, DefaultRange rest) throws SQLException {
        if (!isLive() || rest == null || free.isEmpty()) {
            return free;
        }
        List<Long> rows = rest.count(run.session(), free);
        List<Partition> without = new ArrayList<>();
        for (int i = 0; i < free.size(); i++) {
            if (rows.get(i) == 0) {
                without.add(free.get(i));
            } else {
                warn(
                        free.get(i),
                        String.format(
                                Locale.ROOT,
                                "the default partition %s has %,d rows of it, from %s to %s, which the server would not leave there. They stay, every query finds them, and later rows of it join them.",
                                rest.table(),
                                rows.get(i),
                                free.get(i).from(),
                                free.get(i).to()));
            }
        }
        return without;
    }

    /** Partitions that follow each other without a gap, some at a time. */
    private static List<List<Partition>> batches(List<Partition> partitions) {
        List<List<Partition>> batches = new ArrayList<>();
        for (Partition partition : partitions) {
            List<Partition> last = batches.isEmpty() ? List.of() : batches.get(batches.size() - 1);
            if (last.isEmpty()
                    || last.size() == AT_A_TIME
                    || !last.get(last.size() - 1).to().equals(partition.from())) {
                last = new ArrayList<>();
                batches.add(last);
            }
            last.add(partition);
        }
        return batches;
    }

    /** @param rest the default partition's range; null if there is none */
    private void makeBatch(List<Partition> batch, Sister sister, DefaultRange rest) throws SQLException {
        List<Partition> left = batch;
        for (int attempt = 1; ; attempt++) {
            try {
                for (List<Partition> one : batches(left)) {
                    attach(one, sister, rest);
                }
                return;
            } catch (SQLException e) {
                if (!SqlState.CHECK_VIOLATION.matches(e) || attempt == ATTEMPTS) {
                    throw e;
                }
                // Rows have come since they were counted.
                left = withoutRows(
                        left.stream().filter(it -> !made.contains(it)).toList(), rest);
            }
        }
    }

    /** @param rest the default partition's range; null if there is none */
    private void attach(List<Partition> batch, Sister sister, DefaultRange rest) throws SQLException {
        long limit = lock.timeout().toMillis();
        if (!isLive() || rest == null || rest.isReadWithin(run.session(), limit)) {
            try {
                attach(batch, sister, rest, rest == null ? List.of() : List.of(rest.add(first(batch), last(batch))));
                return;
            } catch (SQLException e) {
                if (!isLive() || !SqlState.QUERY_CANCELED.matches(e)) {
                    throw e;
                }
            }
        }
        besideWriters(batch, sister, rest);
    }

    private static LocalDate first(List<Partition> batch) {
        return batch.get(0).from();
    }

    private static LocalDate last(List<Partition> batch) {
        return batch.get(batch.size() - 1).to();
    }

    /**
     * For a default partition that cannot be read within an attempt at the lock. The CHECK is added, then all rows are
     * read while readers and writers go on, and then the partitions are attached. Meanwhile the CHECK refuses new rows
     * of these intervals. So that is done only for intervals in the future, more than a day ahead.
     */
    private void besideWriters(List<Partition> batch, Sister sister, DefaultRange rest) throws SQLException {
        List<Partition> later = new ArrayList<>();
        for (Partition partition : batch) {
            if (partition.from().isAfter(today.plusDays(1))) {
                later.add(partition);
            } else {
                warn(
                        partition,
                        "rows of it may come at any moment, and the default partition %s is too large to be read while they wait. Rows of it go to the default partition. Give addPartitions a longer lockTimeout, at an hour when writers may wait that long."
                                .formatted(rest.table()));
            }
        }
        if (later.isEmpty()) {
            return;
        }
        run.line("%s: %s is read to show that it has no rows from %s to %s; until then rows of that time are refused."
                .formatted(run.step(), rest.table(), first(later), last(later)));
        lockAndRun(
                List.of(),
                List.of(Lock.againstAll(rest.table())),
                rest.table(),
                List.of(),
                List.of(rest.addNotValid(first(later), last(later))));
        try {
            run.session().update(rest.validate());
            attach(later, sister, rest, List.of());
        } catch (SQLException | RuntimeException e) {
            try {
                dropCheck(rest);
            } catch (SQLException | RuntimeException suppressed) {
                // The next run drops it before anything else.
                e.addSuppressed(suppressed);
            }
            throw e;
        }
    }

    private void dropCheck(DefaultRange rest) throws SQLException {
        lockAndRun(List.of(), List.of(Lock.againstAll(rest.table())), rest.table(), List.of(), List.of(rest.drop()));
    }

    /**
     * @param rest the default partition's range; null if there is none
     * @param add the statements that add the CHECK, unless it is there
     */
    private void attach(List<Partition> batch, Sister sister, DefaultRange rest, List<Sql> add) throws SQLException {
        List<Sql> before = new ArrayList<>();
        for (Partition it : batch) {
            before.addAll(sister.partitionStatements(it, named(it)));
            if (rest != null) {
                before.add(rest.dropCopy(named(it)));
            }
        }
        List<Sql> reading = new ArrayList<>();
        if (!isLive() && rest != null) {
            batch.forEach(it -> reading.add(move(rest.table(), it)));
        }
        reading.addAll(add);
        List<Sql> under = new ArrayList<>();
        batch.forEach(it -> under.add(ATTACH.with("table", table.name())
                .with("partition", named(it))
                .with("from", key.bound(it.from()))
                .with("to", key.bound(it.to()))));
        if (rest != null) {
            under.add(rest.drop());
        }
        batch.forEach(it -> under.addAll(records(it)));
        lockAndRun(before, locks(rest), rest == null ? table.name() : rest.table(), reading, under);
        made.addAll(batch);
        if (!isLive() && migration.phase().isAtLeast(Phase.INDEXED)) {
            for (Partition it : batch) {
                run.session().update(VACUUM.with("table", named(it)));
            }
        }
    }

    private Sql move(QualifiedName from, Partition partition) {
        return MOVE.with("from", from)
                .with("to", named(partition))
                .with("value", key.value(Identifier::asSql))
                .with("lower", key.bound(partition.from()))
                .with("upper", key.bound(partition.to()))
                .with("columns", Sql.list(table.writableColumns()));
    }

    /** Statements that count the partition among those that existed when the tables were last found equal. */
    private List<Sql> records(Partition partition) {
        List<Sql> statements = new ArrayList<>();
        if (isCaptured()) {
            if (migration.spec().routing() == Routing.NATIVE) {
                statements.addAll(Capture.of(migration).refusalStatements(named(partition)));
            }
            statements.add(KnownPartitions.knowStatement(run.state(), migration, named(partition)));
        }
        statements.add(Fingerprint.adoptStatement(run.state(), migration, named(partition)));
        return statements;
    }

    /**
     * In the order in which they are taken; the table that a foreign key refers to comes before those that refer.
     *
     * @param rest the default partition's range; null if there is none
     */
    private List<Lock> locks(DefaultRange rest) throws SQLException {
        List<Lock> locks = new ArrayList<>();
        locks.add(new Lock(run.state().migration(), run.migrations().lockStatement(migration), false, true));
        new TableReader(run.session()).referenced(table.oid()).forEach(it -> locks.add(Lock.againstWriters(it)));
        Sql statement = rest == null ? AGAINST_CHANGES : AGAINST_WRITERS;
        locks.add(new Lock(table.name(), statement.with("table", table.name()), false, rest == null));
        if (rest != null) {
            locks.add(Lock.againstAll(rest.table()));
        }
        return locks;
    }

    /**
     * @param reading what reads rows under the locks; on the live table, no longer than is left of the longest attempt
     * @param under what follows
     */
    private void lockAndRun(List<Sql> before, List<Lock> locks, QualifiedName live, List<Sql> reading, List<Sql> under)
            throws SQLException {
        Session session = run.session();
        lock.inTransaction(
                session,
                run.report(),
                table.name(),
                UNCHANGED,
                () -> {
                    session.updateAll(before);
                    // Writers wait behind us from here on, before we have the locks and then while we read.
                    AttemptLimit limit = AttemptLimit.begin(session, lock.timeout());
                    LockPatience.lock(session, locks, live);
                    keepOut();
                    session.updateAll(reading.isEmpty() || !isLive() ? reading : limit.around(reading));
                    session.updateAll(under);
                    return null;
                },
                () -> {});
    }

    /** Before the swap rows are moved, and what others have made on the new table must not fire. */
    private void keepOut() throws SQLException {
        if (!isLive() && migration.deltaTableName().isPresent()) {
            new Strangers(Capture.of(migration), table.name())
                    .keepOut(run.session(), "Rows of %s are not moved".formatted(table.name()), UNCHANGED);
        }
    }

    /** @param there gets the names of the children that are there already */
    private void makeChildren(List<Partition> missing, Set<Identifier> there) throws SQLException {
        List<QualifiedName> present = new TableReader(run.session()).partitions(table.name());
        PartitionLayout layout = migration.spec().layout();
        TriggerRouting routing = ChildrenByTrigger.of(migration.spec(), key);
        QualifiedName defaultChild = migration.spec().defaultPartition();
        if (!present.contains(defaultChild)) {
            run.line(
                    "%s: WARNING: %s, which tells what a child has, is no child of %s, so that none is made. Put it back; the next update makes them."
                            .formatted(run.step(), defaultChild, table.name()));
            return;
        }
        Sister sister = Sister.read(run.session(), defaultChild, key, relatives());
        for (Partition child : missing) {
            if (present.contains(named(child))) {
                there.add(child.name());
            } else if (TakenNames.isTaken(run.session(), named(child))) {
                warn(
                        child,
                        "something else has that name, and is no child of the table. Rows of it go to the default child. Rename it; the next update makes what is missing.");
            } else if (isLive()) {
                makeChild(List.of(routing.makeStatement(child.from())), child);
            } else {
                List<Sql> statements = new ArrayList<>(
                        sister.childStatements(named(child), routing.childStatement(table.name(), child)));
                statements.add(move(defaultChild, child));
                makeChild(statements, child);
            }
        }
    }

    /** The statements take SHARE UPDATE EXCLUSIVE on the table, for which nobody waits who reads or writes. */
    private void makeChild(List<Sql> statements, Partition child) throws SQLException {
        List<Sql> all = new ArrayList<>(statements);
        all.addAll(records(child));
        lockAndRun(
                List.of(),
                List.of(new Lock(run.state().migration(), run.migrations().lockStatement(migration), false, true)),
                table.name(),
                List.of(),
                all);
        made.add(child);
    }
}
