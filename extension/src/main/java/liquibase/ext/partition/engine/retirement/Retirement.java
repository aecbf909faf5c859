package liquibase.ext.partition.engine.retirement;

import java.sql.SQLException;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.UUID;
import liquibase.ext.partition.engine.DurationText;
import liquibase.ext.partition.engine.PartitionException;
import liquibase.ext.partition.engine.catalog.Table;
import liquibase.ext.partition.engine.catalog.TableReader;
import liquibase.ext.partition.engine.catalog.server.TakenNames;
import liquibase.ext.partition.engine.delta.Capture;
import liquibase.ext.partition.engine.delta.Continuity;
import liquibase.ext.partition.engine.delta.KnownPartitions;
import liquibase.ext.partition.engine.lock.AttemptLimit;
import liquibase.ext.partition.engine.lock.Lock;
import liquibase.ext.partition.engine.lock.LockPatience;
import liquibase.ext.partition.engine.lock.LockPolicy;
import liquibase.ext.partition.engine.newtable.ChildrenByTrigger;
import liquibase.ext.partition.engine.partitioning.PartitionKey;
import liquibase.ext.partition.engine.partitioning.Routing;
import liquibase.ext.partition.engine.refusal.ServerClock;
import liquibase.ext.partition.engine.retirement.archive.ArchiveDirectory;
import liquibase.ext.partition.engine.retirement.archive.DomainChecks;
import liquibase.ext.partition.engine.retirement.move.TablespaceMove;
import liquibase.ext.partition.engine.run.StepRun;
import liquibase.ext.partition.engine.sql.Identifier;
import liquibase.ext.partition.engine.sql.QualifiedName;
import liquibase.ext.partition.engine.sql.Session;
import liquibase.ext.partition.engine.sql.Sql;
import liquibase.ext.partition.engine.sql.SqlState;
import liquibase.ext.partition.engine.state.Migration;
import liquibase.ext.partition.engine.state.PartitionsInExchange;
import liquibase.ext.partition.engine.state.Phase;
import liquibase.ext.partition.engine.state.StateTables;
import liquibase.ext.partition.engine.state.TableInService;
import liquibase.ext.partition.engine.verify.Fingerprint;

/**
 * Takes the partitions that are older than a table keeps out of it, one after the other, each in one transaction with
 * its record.
 *
 * <p><b>No writer fails.</b> A row of an interval whose partition has left goes to the default partition. Whoever waits
 * while the partition is taken out finds that out, since PostgreSQL looks for a row's place, and for the children of a
 * table, once it has the table's lock.
 *
 * <p><b>Nothing is scanned under the lock</b> unless foreign keys refer to the table. Then rows that refer to the
 * partition are looked for before, and PostgreSQL looks once more under the lock. Both looks are given up when they
 * take as long as the longest attempt at the lock.
 *
 * <p><b>The way back knows.</b> Between the swap and the drop of the backup, the delta table names every row by which
 * backup and live table differ, and a replay goes by what the live table has then. So all keys of the partition are
 * written into the delta table before it is taken out; what is written to the partition meanwhile is captured anyway.
 * When the partition leaves, the delta table names all of its rows, in the same transaction it is forgotten as one that
 * the way back must have, and nothing else is to be done: the replay takes its rows out of the backup, however often a
 * run was killed. Rows of the interval that come later are captured in the default partition. This rests on a capture
 * without a break; after one, a partition stays until the backup is dropped.
 *
 * <p>What leaves is a table of its own, with its rows, indexes, constraints, foreign keys, owner and grants, and
 * without triggers of ours, but for the {@link Guard} of one that is to be dropped, now or once it is archived.
 *
 * <p>Transactions: one for some keys in the delta table, then one for each partition. Locks, under the lock policy:
 * ACCESS EXCLUSIVE on the table, which {@code DETACH PARTITION} takes ({@code CONCURRENTLY} is refused while there is a
 * default partition), on the default partition and on the partition; SHARE ROW EXCLUSIVE on tables that a foreign key
 * of the table refers to, and on those that refer to it. Where triggers route the rows, SHARE ROW EXCLUSIVE on the
 * table and ACCESS EXCLUSIVE on the child. Safe to repeat and to kill.
 *
 * <p>The file is long because what is asked before a partition leaves, and what leaves with it, are one argument.
 */
public final class Retirement {
    private static final String UNCHANGED = "Nothing was retired by it, and nothing was changed.";

    private static final String CLOCK =
            "what is old enough to leave cannot be told. Nothing was retired. Set the clock that is wrong, then run again.";

    private static final Sql DETACH = Sql.of("ALTER TABLE {table} DETACH PARTITION {partition}");
    private static final Sql DISINHERIT = Sql.of("ALTER TABLE {partition} NO INHERIT {table}");
    private static final Sql SET_SCHEMA = Sql.of("ALTER TABLE {partition} SET SCHEMA {schema}");
    private static final Sql DROP_TRIGGER = Sql.of("DROP TRIGGER IF EXISTS {trigger} ON {table}");

    private static final Sql IS_THERE = Sql.of("""
            SELECT EXISTS (SELECT FROM pg_catalog.pg_inherits AS i JOIN pg_catalog.pg_class AS c ON c.oid = i.inhrelid
                           WHERE i.inhrelid = {oid} AND i.inhparent = {table} AND c.oid = pg_catalog.to_regclass({name})
                             AND pg_catalog.pg_get_expr(c.relpartbound, c.oid) IS NOT DISTINCT FROM {bound})""");

    private static final Sql SCHEMA_EXISTS =
            Sql.of("SELECT EXISTS (SELECT FROM pg_catalog.pg_namespace WHERE nspname = {schema})");

    private static final Sql RECORD = Sql.of("""
            INSERT INTO {retirement} (migration_id, partition_oid, partition_schema, partition_name, bound, retired_schema, way, state, batch, left_in, guard)
            VALUES ({migration}, {oid}, {schema}, {name}, {bound}, {retiredSchema}, {way}, {state}, {batch}, {update}, {guard})""");

    private static final Sql RECORD_MOVE = Sql.of("""
            INSERT INTO {retirement} (migration_id, partition_oid, partition_schema, partition_name, bound, retired_schema, way, state, batch, left_in,
              archive_tablespace, former_tablespace, archived_at)
            VALUES ({migration}, {oid}, {schema}, {name}, {bound}, {schema}, {way}, {state}, {batch}, {update},
              {tablespace}, {former}, pg_catalog.clock_timestamp())""");

    private final StepRun run;
    private final RetirementRule rule;
    private final LockPolicy lock;
    private final String update;

    /** Identifies what leaves in this run, which a rollback takes back together. */
    private final String batch = UUID.randomUUID().toString();

    private final Migration migration;
    private final Table table;
    private final PartitionKey key;

    private final List<ReferringKey> referring;

    private Retirement(
            StepRun run, RetirementRule rule, LockPolicy lock, String update, Migration migration, Table table)
            throws SQLException {
        this.run = run;
        this.rule = rule;
        this.lock = lock;
        this.update = update;
        this.migration = migration;
        this.table = table;
        this.key = PartitionKey.of(
                migration.spec().partitionKey(),
                table.columns(),
                migration.spec().textDateFunction());
        this.referring = ReferringKey.of(run.session(), run.state(), migration, table.oid());
    }

    /**
     * Whether a partition may be old enough, or others are to stay than at the last update, or something waits to be
     * archived. One question, and another where partitions are archived; they take no lock.
     */
    public static boolean isDue(Session session, StateTables state, QualifiedName source, RetirementRule rule)
            throws SQLException {
        Optional<DuePartitions> asked =
                DuePartitions.ask(session, state, source).filter(it -> it.mayNeed(rule.retention()));
        boolean leaves = asked.isPresent()
                && (!asked.get().kept().equals(Optional.of(rule.retention().keep()))
                        || isAnyLeft(session, asked.get(), rule));
        return leaves
                || rule.archive().orElse(null) instanceof ArchivePlace.Files && Archiving.isDue(session, state, source);
    }

    /** As {@link #isDue}, but only whether a partition may be old enough. */
    public static boolean isAnyOld(Session session, StateTables state, QualifiedName source, RetirementRule rule)
            throws SQLException {
        Optional<DuePartitions> asked = DuePartitions.ask(session, state, source);
        return asked.isPresent() && isAnyLeft(session, asked.get(), rule);
    }

    /** Whether one may be old enough that is not where it is to be. */
    private static boolean isAnyLeft(Session session, DuePartitions asked, RetirementRule rule) throws SQLException {
        List<Long> old = asked.candidates(rule.retention()).stream()
                .map(AgedPartition::oid)
                .toList();
        return rule.archive().orElse(null) instanceof ArchivePlace.Tablespace tablespace
                ? !TablespaceMove.elsewhere(session, old, tablespace.name()).isEmpty()
                : !old.isEmpty();
    }

    /**
     * Retires what is due, and archives what has left to be archived. A partition that cannot leave is reported, and
     * the others are retired. Does nothing before the swap.
     *
     * @param update identifies this update in the records
     * @throws PartitionException when the server's clock is far off, the rule's schema does not exist, or a lock is not
     *     granted
     */
    public static void run(StepRun run, RetirementRule rule, LockPolicy lock, String update) throws SQLException {
        retireDue(run, rule, lock, update);
        if (rule.archive().orElse(null) instanceof ArchivePlace.Files files) {
            takeOver(run);
            Archiving.run(run, files, update);
        } else {
            tellOfNotArchived(run);
        }
    }

    /** What left to be dropped, when nothing was archived yet, must not be dropped without an archive now. */
    private static void takeOver(StepRun run) throws SQLException {
        for (RetiredPartition it : RetiredPartition.of(run.session(), run.state(), run.source())) {
            if (it.isToBeTakenOver()) {
                run.session().update(it.takenOverStatement(run.state()));
                run.line("%s: %s had left %s to be dropped, and is archived before, since retire is archive now."
                        .formatted(run.step(), it.present().orElseThrow(), run.source()));
            }
        }
    }

    private static void tellOfNotArchived(StepRun run) throws SQLException {
        for (RetiredPartition it : RetiredPartition.of(run.session(), run.state(), run.source())) {
            if (it.isToBeArchived()) {
                run.line(
                        "%s: WARNING: %s had left %s to be archived into files, and is neither archived nor dropped, since the config says no more where these are to be. Name the directory again, or drop it yourself: DROP TABLE %s"
                                .formatted(
                                        run.step(),
                                        it.present().orElseThrow(),
                                        run.source(),
                                        it.present().orElseThrow().quoted()));
            }
        }
    }

    private static void retireDue(StepRun run, RetirementRule rule, LockPolicy lock, String update)
            throws SQLException {
        Optional<DuePartitions> asked = DuePartitions.ask(run.session(), run.state(), run.source());
        if (asked.isEmpty() || !asked.get().mayNeed(rule.retention())) {
            return;
        }
        Migration migration = run.migrations().find(run.source()).orElseThrow();
        run.session().update(run.migrations().keepStatement(migration, rule.retention()));
        if (asked.get().candidates(rule.retention()).isEmpty()) {
            return;
        }
        ServerClock.today(run.session(), CLOCK);
        Optional<Table> table = TableInService.find(run.session(), migration);
        if (table.isEmpty()) {
            run.line(
                    "%s: WARNING: %s is not the table that its migration has made, so that nothing of it is retired. Put the names right; the next update retires what is due."
                            .formatted(run.step(), run.source()));
            return;
        }
        new Retirement(run, rule, lock, update, migration, table.get()).retire(asked.get());
    }

    private void retire(DuePartitions asked) throws SQLException {
        List<AgedPartition> due = asked.due(run.session(), key, rule.retention());
        if (due.isEmpty()) {
            return;
        }
        if (rule.archive().orElse(null) instanceof ArchivePlace.Tablespace tablespace) {
            move(due, tablespace.name());
            return;
        }
        requireSchema();
        if (rule.archive().orElse(null) instanceof ArchivePlace.Files files) {
            ArchiveDirectory.require(files.directory());
            DomainChecks.requireValid(run.session(), table.name());
        }
        run.session().update(run.state().createRetirement());
        for (AgedPartition partition : due) {
            Optional<String> reason = whyNot(partition);
            if (reason.isEmpty()) {
                reason = takeOut(partition);
            }
            reason.ifPresent(why -> tellThatItStays(partition, why));
        }
    }

    private void tellThatItStays(AgedPartition partition, String why) {
        run.line("%s: WARNING: %s of %s is older than the %d intervals that are kept, and stays: %s"
                .formatted(
                        run.step(),
                        partition.name(),
                        table.name(),
                        rule.retention().keep(),
                        why));
    }

    /** Moves what is not there yet to that tablespace, where it stays a partition. */
    private void move(List<AgedPartition> due, Identifier tablespace) throws SQLException {
        Session session = run.session();
        Set<Long> elsewhere = TablespaceMove.elsewhere(
                session, due.stream().map(AgedPartition::oid).toList(), tablespace);
        if (elsewhere.isEmpty()) {
            return;
        }
        TablespaceMove.require(session, tablespace);
        session.update(run.state().createRetirement());
        for (AgedPartition partition : due) {
            if (elsewhere.contains(partition.oid())) {
                Optional<String> reason = whyNotMovable(partition);
                if (reason.isEmpty()) {
                    reason = move(partition, tablespace);
                }
                reason.ifPresent(why -> tellThatItStays(partition, why));
            }
        }
    }

    private Optional<String> whyExchanged(AgedPartition partition) throws SQLException {
        QualifiedName exchange =
                PartitionsInExchange.of(run.session(), run.state(), table.oid()).get(partition.oid());
        if (exchange != null) {
            return Optional.of(
                    "it belongs to the exchange of %s, which has begun and is not over. Once the backup of that exchange is dropped (liquibase update -DdropApproved=%s), or the exchange is rolled back to before its preparation, an update retires it, or what has taken its place."
                            .formatted(exchange, exchange.name().name()));
        }
        return Optional.empty();
    }

    private Optional<String> whyNotMovable(AgedPartition partition) throws SQLException {
        Optional<String> exchanged = whyExchanged(partition);
        if (exchanged.isPresent()) {
            return exchanged;
        }
        if (partition.kind() != 'r') {
            return Optional.of("it is a foreign table, or has partitions of its own, which is left to you.");
        }
        if (isCaptured()) {
            return Optional.of(
                    "the way back of the swap is still open. Once the backup is dropped, an update moves it.");
        }
        return partition.bound().isPresent()
                ? Optional.empty()
                : Optional.of(
                        "triggers route the rows. Move it yourself at an hour when it can be locked that long: ALTER TABLE %s SET TABLESPACE …"
                                .formatted(partition.name().quoted()));
    }

    private Optional<String> move(AgedPartition partition, Identifier tablespace) throws SQLException {
        String former = TablespaceMove.tablespaceOf(run.session(), partition.name());
        Optional<String> reason = new TablespaceMove(run, lock, table, key, partition.name(), tablespace)
                .move(
                        migration
                                .spec()
                                .layout()
                                .partition(partition.name().name())
                                .orElse(null),
                        oid -> RECORD_MOVE
                                .with("retirement", run.state().retirement())
                                .with("migration", migration.id())
                                .with("oid", Sql.raw(Long.toString(oid)))
                                .with("schema", partition.name().schema().name())
                                .with("name", partition.name().name().name())
                                .with("bound", partition.bound().orElse(null))
                                .with("way", rule.way().word())
                                .with("state", RetiredPartition.State.MOVED.word())
                                .with("batch", batch)
                                .with("update", update)
                                .with("tablespace", tablespace.name())
                                .with("former", former));
        if (reason.isEmpty()) {
            run.line("%s: %s of %s is in the tablespace %s now, and was in %s; each of its rows was compared."
                    .formatted(run.step(), partition.name(), table.name(), tablespace, former));
        }
        return reason;
    }

    private void requireSchema() throws SQLException {
        if (rule.schema().isPresent()
                && !run.session()
                        .queryBoolean(
                                SCHEMA_EXISTS.with("schema", rule.schema().get().name()))) {
            throw new PartitionException(
                    "There is no schema %s, into which partitions of %s are to be retired. Nothing was retired. Create it (CREATE SCHEMA %s), with the right to create in it for the role that runs this, or correct retireSchema."
                            .formatted(
                                    rule.schema().get(),
                                    table.name(),
                                    rule.schema().get().quoted()));
        }
    }

    /** The name that the partition has once it is taken out. */
    private QualifiedName retired(AgedPartition partition) {
        return new QualifiedName(
                rule.schema().orElse(partition.name().schema()),
                partition.name().name());
    }

    private boolean isCaptured() {
        return !migration.phase().isAtLeast(Phase.DROPPED);
    }

    private Optional<String> whyNot(AgedPartition partition) throws SQLException {
        if (partition.kind() != 'r') {
            return Optional.of(
                    "it is a foreign table, or has partitions of its own, which is left to you. Detach it yourself.");
        }
        Optional<String> exchanged = whyExchanged(partition);
        if (exchanged.isPresent()) {
            return exchanged;
        }
        QualifiedName retired = retired(partition);
        if (!retired.equals(partition.name()) && TakenNames.isTaken(run.session(), retired)) {
            return Optional.of(
                    "something in schema %s has its name already. Rename one of them; the next update retires it."
                            .formatted(retired.schema()));
        }
        if (isCaptured()) {
            Optional<String> unknown = whyNotKnown(partition);
            if (unknown.isPresent()) {
                return unknown;
            }
        }
        for (ReferringKey one : referring) {
            Optional<String> reason = whyReferred(one, partition);
            if (reason.isPresent()) {
                return reason;
            }
        }
        return Optional.empty();
    }

    /** Why the way back could not tell what goes with the partition; empty if it can. */
    private Optional<String> whyNotKnown(AgedPartition partition) throws SQLException {
        Capture capture = Capture.of(migration);
        boolean known = capture.isOn(run.session(), run.source())
                && capture.missed().first(run.session(), 1).isEmpty()
                && Continuity.isUnbroken(run, migration, run.source())
                && Fingerprint.isUnchangedButForNewPartitions(run, migration)
                && KnownPartitions.changedSinceSwap(run, migration).stream()
                        .allMatch(it -> it.what() == KnownPartitions.What.ADDED
                                && !it.name().equals(partition.name()));
        return known
                ? Optional.empty()
                : Optional.of(
                        "since the swap the table, its backup, its partitions or the triggers that capture its changes were altered, so that the way back could not tell what goes with it. Once the backup is dropped, or was compared and found equal, an update retires it.");
    }

    /**
     * Why a foreign key keeps the partition; empty if it does not. Reads no longer than an attempt at the lock takes.
     */
    private Optional<String> whyReferred(ReferringKey one, AgedPartition partition) throws SQLException {
        try {
            return run.session().inTransaction(() -> {
                        run.session()
                                .queryStrings(AttemptLimit.set(lock.timeout().toMillis() + "ms"));
                        return run.session().queryBoolean(one.question(partition.name()));
                    })
                    ? Optional.of(referred(one))
                    : Optional.empty();
        } catch (SQLException e) {
            if (SqlState.INSUFFICIENT_PRIVILEGE.matches(e)) {
                return Optional.of(notAllowed(e));
            }
            if (!SqlState.QUERY_CANCELED.matches(e)) {
                throw e;
            }
            return Optional.of(tooLong(one.toString()));
        }
    }

    private static String notAllowed(SQLException e) {
        return "PostgreSQL refuses it: %s. Grant that to the role that runs this; the next update retires it."
                .formatted(SqlState.firstLine(e));
    }

    private static String referred(ReferringKey one) {
        return "rows refer to rows of it by the foreign key %s. Delete or change those, or drop that key; the next update retires it."
                .formatted(one);
    }

    private String tooLong(String key) {
        return "to look for rows that refer to it by the foreign key %s takes longer than writers may wait (lockTimeout, %s). Index the referring columns, or give retirePartitions a longer lockTimeout at an hour when writers may wait that long."
                .formatted(key, DurationText.words(lock.timeout()));
    }

    /** @return why it is still there; empty if it is not */
    private Optional<String> takeOut(AgedPartition partition) throws SQLException {
        if (isCaptured()) {
            new RecordedKeys(run, migration).of(partition.name());
        }
        Session session = run.session();
        try {
            Optional<String> reason = lock.inTransaction(
                    session, run.report(), partition.name(), UNCHANGED, () -> takeOutLocked(partition), () -> {});
            if (reason.isEmpty()) {
                QualifiedName retired = retired(partition);
                run.line("%s: %s of %s is retired: its rows are in the table %s now.%s"
                        .formatted(
                                run.step(),
                                partition.name().name(),
                                table.name(),
                                retired,
                                isCaptured() ? " They leave the backup with the next replay." : ""));
            }
            return reason;
        } catch (SQLException e) {
            if (SqlState.FOREIGN_KEY_VIOLATION.matches(e)) {
                return Optional.of("PostgreSQL refuses it: %s. The next update retires it once no row refers to it."
                        .formatted(SqlState.firstLine(e)));
            }
            if (SqlState.INSUFFICIENT_PRIVILEGE.matches(e)) {
                return Optional.of(notAllowed(e));
            }
            if (SqlState.QUERY_CANCELED.matches(e) && !referring.isEmpty()) {
                return Optional.of(tooLong(referring.get(0).toString()));
            }
            throw e;
        }
    }

    /** @return why it is still there; empty if it is not */
    private Optional<String> takeOutLocked(AgedPartition partition) throws SQLException {
        Session session = run.session();
        boolean isNative = migration.spec().routing() == Routing.NATIVE;
        // Writers wait behind us from here on, before we have the locks and then while PostgreSQL looks.
        AttemptLimit limit = AttemptLimit.begin(session, lock.timeout());
        LockPatience.lock(session, locks(partition, isNative), table.name());
        if (!session.queryBoolean(IS_THERE.with("oid", partition.oid())
                .with("table", table.oid())
                .with("name", partition.name().quoted())
                .with("bound", partition.bound().orElse(null)))) {
            return Optional.of("somebody has just renamed it, or taken it out. The next update looks again.");
        }
        if (isCaptured()) {
            Optional<String> unknown = whyNotKnown(partition);
            if (unknown.isPresent()) {
                return unknown;
            }
        }
        if (!referring.isEmpty()) {
            // Without such a key nothing is read.
            session.queryStrings(limit.set());
        }
        for (ReferringKey one : referring) {
            if (one.isKeptByTriggers() && session.queryBoolean(one.question(partition.name()))) {
                return Optional.of(referred(one));
            }
        }
        session.update(
                (isNative ? DETACH : DISINHERIT).with("table", table.name()).with("partition", partition.name()));
        session.queryStrings(limit.end());
        session.updateAll(afterwards(partition, isNative));
        return Optional.empty();
    }

    /** The statements that take our triggers from the table that was a partition, move it, and record it. */
    private List<Sql> afterwards(AgedPartition partition, boolean isNative) throws SQLException {
        List<Sql> statements = new ArrayList<>();
        if (isCaptured()) {
            Capture capture = Capture.of(migration);
            // A partition has this trigger for itself, and loses the others when it is detached.
            statements.addAll(capture.freeStatements(run.session(), run.source()));
            statements.add(KnownPartitions.forgetStatement(run.state(), migration, partition.oid()));
            statements.add(Continuity.forgetStatement(run.state(), migration, partition.oid()));
        }
        if (!isNative) {
            List<Identifier> ours =
                    new ArrayList<>(ChildrenByTrigger.of(migration.spec(), key).triggersOnChild());
            referring.forEach(it -> ours.addAll(it.onReferenced()));
            ours.forEach(it -> statements.add(DROP_TRIGGER.with("trigger", it).with("table", partition.name())));
        }
        statements.add(Fingerprint.forgetStatement(run.state(), migration, partition.oid()));
        QualifiedName retired = retired(partition);
        if (!retired.equals(partition.name())) {
            statements.add(SET_SCHEMA.with("partition", partition.name()).with("schema", retired.schema()));
        }
        // Whoever has attached it by hand may have left it the guard of an earlier retirement.
        statements.add(Guard.dropStatement(retired));
        statements.add(RetiredPartition.attachedStatement(run.state(), migration, partition.oid()));
        if (rule.way() != RetirementWay.DETACH) {
            statements.addAll(Guard.of(table.name()).statements(run.session(), retired));
        }
        statements.add(RECORD.with("retirement", run.state().retirement())
                .with("migration", migration.id())
                .with("oid", partition.oid())
                .with("schema", partition.name().schema().name())
                .with("name", partition.name().name().name())
                .with("bound", partition.bound().orElse(null))
                .with("retiredSchema", retired.schema().name())
                .with("way", rule.way().word())
                .with("state", RetiredPartition.State.DETACHED.word())
                .with("batch", batch)
                .with("update", update)
                .with("guard", Guard.state(partition.oid())));
        return statements;
    }

    /** In the order in which they are taken; writers lock the table before its partitions. */
    private List<Lock> locks(AgedPartition partition, boolean isNative) throws SQLException {
        List<Lock> locks = new ArrayList<>();
        locks.add(new Lock(run.state().migration(), run.migrations().lockStatement(migration), false, true));
        new TableReader(run.session())
                .referenced(table.oid()).stream()
                        .filter(it -> !it.equals(table.name()))
                        .forEach(it -> locks.add(Lock.againstWriters(it)));
        referring.stream()
                .map(ReferringKey::referring)
                .filter(it -> !it.equals(table.name()))
                .distinct()
                .forEach(it -> locks.add(Lock.againstWriters(it)));
        if (isNative) {
            locks.add(Lock.againstAllWithoutPartitions(table.name()));
            defaultPartition().ifPresent(it -> locks.add(Lock.againstAll(it)));
        } else {
            // An UPDATE that waited at the child would go on there, without the trigger that moves its row.
            locks.add(Lock.againstWritersWithoutPartitions(table.name()));
        }
        locks.add(Lock.againstAll(partition.name()));
        return locks;
    }

    private Optional<QualifiedName> defaultPartition() throws SQLException {
        return DuePartitions.ask(run.session(), run.state(), run.source()).stream()
                .flatMap(it -> it.all().stream())
                .filter(it -> it.bound().filter("DEFAULT"::equals).isPresent())
                .map(AgedPartition::name)
                .findFirst();
    }
}
