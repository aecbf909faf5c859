package liquibase.ext.partition.engine.retirement;

import java.sql.SQLException;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import liquibase.ext.partition.engine.DurationText;
import liquibase.ext.partition.engine.PartitionException;
import liquibase.ext.partition.engine.catalog.Table;
import liquibase.ext.partition.engine.catalog.TableReader;
import liquibase.ext.partition.engine.catalog.Trigger;
import liquibase.ext.partition.engine.catalog.server.TakenNames;
import liquibase.ext.partition.engine.delta.Capture;
import liquibase.ext.partition.engine.delta.KnownPartitions;
import liquibase.ext.partition.engine.lock.AttemptLimit;
import liquibase.ext.partition.engine.lock.Lock;
import liquibase.ext.partition.engine.lock.LockPatience;
import liquibase.ext.partition.engine.lock.LockPolicy;
import liquibase.ext.partition.engine.partitioning.PartitionKey;
import liquibase.ext.partition.engine.retirement.move.TablespaceMove;
import liquibase.ext.partition.engine.run.StepRun;
import liquibase.ext.partition.engine.sql.Identifier;
import liquibase.ext.partition.engine.sql.QualifiedName;
import liquibase.ext.partition.engine.sql.Session;
import liquibase.ext.partition.engine.sql.Sql;
import liquibase.ext.partition.engine.sql.SqlState;
import liquibase.ext.partition.engine.state.Migration;
import liquibase.ext.partition.engine.state.Phase;
import liquibase.ext.partition.engine.state.TableInService;
import liquibase.ext.partition.engine.verify.Fingerprint;

/**
 * Puts back the partitions that have left a table last, from their archive those that were dropped after they were
 * archived: the rollback of a retirement. Liquibase has one record of a
 * changeset that runs always, so this takes back the last update in which something has left, and what has left before
 * stays.
 *
 * <p><b>Nothing of the partition is read under the lock.</b> It gets a CHECK that implies its bound before, while it is
 * nobody's partition. PostgreSQL reads the default partition under the lock, to see that it has no row of the range;
 * late rows are moved before, if they are few. Both are given up when they take as long as the longest attempt at the
 * lock.
 *
 * <p><b>The way back knows.</b> Between the swap and the drop of the backup, the keys of the partition are written into
 * the delta table once it is attached, and then it is known as one that the way back must have. A run that is killed in
 * between leaves a partition whose rows a rollback of the swap looks into by itself, as into any table that was
 * attached.
 *
 * <p>Transactions: one for the CHECK, one to attach, then one for some keys. Locks, under the lock policy: ACCESS
 * EXCLUSIVE on the table that returns and on the default partition, SHARE ROW EXCLUSIVE on the partitioned table and on
 * those that its foreign keys refer to. Safe to repeat and to kill.
 *
 * <p>The file is long because each thing that stops a partition on its way back is refused here, with its remedy.
 */
public final class Reattachment {
    /** Some hundredths of a second. */
    private static final long MOST_MOVED = 10_000;

    private static final String UNCHANGED = "It is still a table of its own.";

    private static final Pattern RANGE = Pattern.compile("FOR VALUES FROM \\((.*)\\) TO \\((.*)\\)", Pattern.DOTALL);

    private static final Identifier CHECK_NAME = new Identifier("liquibase_partition_bound");

    private static final Sql ADD_CHECK =
            Sql.of("ALTER TABLE {table} ADD CONSTRAINT {name} CHECK ({value} IS NOT NULL{range}) NOT VALID");
    private static final Sql FROM = Sql.of(" AND {value} >= ({bound})::{type}");
    private static final Sql TO = Sql.of(" AND {value} < ({bound})::{type}");
    private static final Sql VALIDATE = Sql.of("ALTER TABLE {table} VALIDATE CONSTRAINT {name}");
    private static final Sql DROP_CHECK = Sql.of("ALTER TABLE {table} DROP CONSTRAINT IF EXISTS {name}");
    private static final Sql SET_SCHEMA = Sql.of("ALTER TABLE {table} SET SCHEMA {schema}");
    private static final Sql RENAME = Sql.of("ALTER TABLE {table} RENAME TO {name}");
    private static final Sql ATTACH = Sql.of("ALTER TABLE {table} ATTACH PARTITION {partition} {bound}");

    private static final Sql COUNT = Sql.of("""
            SELECT pg_catalog.count(*) FROM (SELECT FROM ONLY {table} WHERE {value} IS NOT NULL{range} LIMIT {limit}) AS r""");

    private static final Sql MOVE = Sql.of("""
            WITH moved AS (DELETE FROM ONLY {from} WHERE {value} IS NOT NULL{range} RETURNING {columns})
            INSERT INTO {to} ({columns}) OVERRIDING SYSTEM VALUE SELECT {columns} FROM moved""");

    private final StepRun run;
    private final LockPolicy lock;
    private final Migration migration;
    private final Table table;
    private final PartitionKey key;

    private Reattachment(StepRun run, LockPolicy lock, Migration migration, Table table) {
        this.run = run;
        this.lock = lock;
        this.migration = migration;
        this.table = table;
        this.key = PartitionKey.of(
                migration.spec().partitionKey(),
                table.columns(),
                migration.spec().textDateFunction());
    }

    /**
     * Puts back what has left last, the youngest first. What was dropped, or has left while triggers routed the rows,
     * is reported, and stays as it is.
     *
     * @param undone the update that Liquibase undoes, as the records know it; null if it does not say. What has left in
     *     an earlier one and cannot be put back is reported, so that nobody's rollback fails because of it
     * @throws PartitionException naming the first partition of that update that cannot be put back, with the remedy;
     *     those before it are back
     */
    public static void run(StepRun run, LockPolicy lock, String undone) throws SQLException {
        List<RetiredPartition> all = RetiredPartition.of(run.session(), run.state(), run.source());
        Optional<String> batch = all.stream()
                .filter(it -> it.state() != RetiredPartition.State.ATTACHED)
                .reduce((one, next) -> next)
                .map(RetiredPartition::batch);
        if (batch.isEmpty()) {
            return;
        }
        Optional<Migration> migration =
                run.migrations().find(run.source()).filter(it -> it.phase().isAtLeast(Phase.SWAPPED));
        Table table = migration.isEmpty()
                ? null
                : TableInService.find(run.session(), migration.get()).orElse(null);
        for (int i = all.size() - 1; i >= 0; i--) {
            RetiredPartition it = all.get(i);
            if (!it.batch().equals(batch.get()) || it.state() == RetiredPartition.State.ATTACHED) {
                continue;
            }
            if (it.state() == RetiredPartition.State.MOVED) {
                moveBack(run, lock, migration.orElse(null), table, it, undone);
                continue;
            }
            boolean isToBeRestored = isToBeRestored(it, table);
            Optional<String> stays = isToBeRestored ? Optional.empty() : whyItStays(it, table);
            if (it.attached() && !it.elsewhere()) {
                if (it.state() == RetiredPartition.State.RESTORING) {
                    run.line(
                            "%s: WARNING: somebody has attached %s to %s when it had no more than a part of its rows. The others are in %s; generator restore brings all of them into a table of its own."
                                    .formatted(
                                            run.step(),
                                            it.partition(),
                                            run.source(),
                                            it.archive().orElseThrow().directory()));
                }
                run.session().update(it.stateStatement(run.state(), RetiredPartition.State.ATTACHED));
            } else if (stays.isPresent()) {
                run.line("%s: %s, which has left %s, %s."
                        .formatted(run.step(), it.partition(), run.source(), stays.get()));
            } else {
                try {
                    if (isToBeRestored) {
                        new Restoration(run, lock, migration.get(), table).restore(it);
                        it = RetiredPartition.of(run.session(), run.state(), run.source())
                                .get(i);
                    }
                    new Reattachment(run, lock, migration.get(), table).attach(it);
                } catch (PartitionException e) {
                    if (it.leftIn().equals(undone)) {
                        throw e;
                    }
                    run.line("%s: WARNING: %s It has left in an earlier update, so that the rollback goes on."
                            .formatted(run.step(), e.getMessage()));
                }
            }
        }
    }

    /**
     * Moves it back to the tablespace in which it was.
     *
     * @param migration null if there is none that is swapped
     * @param table null if it is not the one that the migration has made
     */
    private static void moveBack(
            StepRun run, LockPolicy lock, Migration migration, Table table, RetiredPartition it, String undone)
            throws SQLException {
        String former = it.formerTablespace().orElseThrow();
        if (table == null || !it.attached() || it.elsewhere()) {
            run.line(
                    "%s: %s, which was moved from the tablespace %s, is no partition of %s any more, and stays where it is."
                            .formatted(run.step(), it.partition(), former, run.source()));
            return;
        }
        QualifiedName present = it.present().orElseThrow();
        Identifier tablespace = new Identifier(former);
        TablespaceMove.require(run.session(), tablespace);
        PartitionKey key = PartitionKey.of(
                migration.spec().partitionKey(),
                table.columns(),
                migration.spec().textDateFunction());
        Optional<String> why = new TablespaceMove(run, lock, table, key, present, tablespace)
                .move(
                        migration.spec().layout().partition(present.name()).orElse(null),
                        oid -> it.movedBackStatement(run.state(), oid));
        if (why.isEmpty()) {
            run.line("%s: %s is in the tablespace %s again.".formatted(run.step(), present, former));
        } else if (it.leftIn().equals(undone)) {
            throw new PartitionException("%s cannot be moved back to the tablespace %s: %s Nothing was changed for it."
                    .formatted(present, former, why.get()));
        } else {
            run.line("%s: WARNING: %s stays where it is: %s".formatted(run.step(), present, why.get()));
        }
    }

    /**
     * Whether its rows are in files only. A child comes back by hand, as one that is still there.
     *
     * @param table null if it is not the one that the migration has made
     */
    private static boolean isToBeRestored(RetiredPartition it, Table table) {
        return table != null
                && it.bound().isPresent()
                && it.archive().isPresent()
                && (it.present().isEmpty() || it.state() == RetiredPartition.State.RESTORING);
    }

    /** @param table null if it is not the one that the migration has made */
    private static Optional<String> whyItStays(RetiredPartition it, Table table) {
        if (it.present().isEmpty()) {
            return Optional.of(it.archive()
                    .map(archive ->
                            "was dropped, and stays so; its rows are in %s, from which generator restore brings them back"
                                    .formatted(archive.directory()))
                    .orElse("was dropped, and does not come back"));
        }
        if (it.elsewhere()) {
            return Optional.of("is a partition, or a child, of another table now, and stays there");
        }
        if (table == null) {
            return Optional.of("stays a table of its own, since the swap was taken back");
        }
        return it.bound().isEmpty()
                ? Optional.of("stays a table of its own, since triggers route the rows; put it back by hand")
                : Optional.empty();
    }

    private void attach(RetiredPartition it) throws SQLException {
        Session session = run.session();
        QualifiedName present = it.present().orElseThrow();
        if (!present.equals(it.partition()) && TakenNames.isTaken(session, it.partition())) {
            throw refused(
                    it, "something else has the name %s. Rename that, then roll back again.".formatted(it.partition()));
        }
        addCheck(it, present);
        try {
            attachChecked(it, present);
        } catch (SQLException | RuntimeException e) {
            removeCheck(present, e);
            throw e;
        }
        if (!migration.phase().isAtLeast(Phase.DROPPED)) {
            new RecordedKeys(run, migration).of(it.partition());
            session.inTransaction(() -> session.updateAll(List.of(
                    KnownPartitions.knowStatement(run.state(), migration, it.partition()),
                    Fingerprint.adoptStatement(run.state(), migration, it.partition()))));
        }
        run.line("%s: %s is a partition of %s again.".formatted(run.step(), it.partition(), table.name()));
    }

    /** A CHECK that stayed would refuse rows of a table that is nobody's partition. */
    private void removeCheck(QualifiedName present, Exception why) {
        try {
            run.session().update(dropCheck(present));
        } catch (SQLException e) {
            why.addSuppressed(e);
        }
    }

    private void attachChecked(RetiredPartition it, QualifiedName present) throws SQLException {
        Session session = run.session();
        QualifiedName rest =
                new TableReader(session).defaultPartition(table.oid()).orElse(null);
        if (rest != null) {
            requireMovable(it, rest, present, present);
        }
        try {
            lock.inTransaction(
                    session,
                    run.report(),
                    table.name(),
                    UNCHANGED,
                    () -> {
                        attachLocked(it, present, rest);
                        return null;
                    },
                    () -> {});
        } catch (SQLException e) {
            throw explained(it, e);
        }
    }

    private Sql range(RetiredPartition it) throws SQLException {
        Matcher bound = RANGE.matcher(it.bound().orElseThrow());
        if (!bound.matches()) {
            throw refused(it, "its bound is none of a range. Attach it by hand.");
        }
        Sql type = DuePartitions.typeOfKey(run.session(), table.oid());
        List<Sql> sides = new ArrayList<>();
        if (!bound.group(1).equals("MINVALUE")) {
            sides.add(FROM.with("bound", Sql.raw(bound.group(1))));
        }
        if (!bound.group(2).equals("MAXVALUE")) {
            sides.add(TO.with("bound", Sql.raw(bound.group(2))));
        }
        return Sql.join(
                "",
                sides.stream()
                        .map(side -> side.with("value", value()).with("type", type))
                        .toList());
    }

    private Sql value() {
        return key.value(Identifier::asSql);
    }

    /** Shows the server that every row of the table belongs to its range, while nobody waits for it. */
    private void addCheck(RetiredPartition it, QualifiedName present) throws SQLException {
        Session session = run.session();
        Sql add = ADD_CHECK
                .with("table", present)
                .with("name", CHECK_NAME)
                .with("value", value())
                .with("range", range(it));
        lock.inTransaction(
                session,
                run.report(),
                present,
                UNCHANGED,
                () -> {
                    // One that a killed run has left.
                    session.updateAll(List.of(dropCheck(present), add));
                    return null;
                },
                () -> {});
        try {
            session.update(VALIDATE.with("table", present).with("name", CHECK_NAME));
        } catch (SQLException e) {
            session.update(dropCheck(present));
            if (!SqlState.CHECK_VIOLATION.matches(e)) {
                throw e;
            }
            throw refused(
                    it,
                    "rows were written to it since that do not belong to its range (%s). Delete or move these, then roll back again."
                            .formatted(it.bound().orElseThrow()));
        }
    }

    private static Sql dropCheck(QualifiedName present) {
        return DROP_CHECK.with("table", present).with("name", CHECK_NAME);
    }

    /**
     * Late rows are moved by a DELETE, which fires triggers and acts on rows that refer to them.
     *
     * @param present the table that returns, as it is called for others
     * @param to the same, as it is called in this transaction
     */
    private void requireMovable(RetiredPartition it, QualifiedName rest, QualifiedName present, QualifiedName to)
            throws SQLException {
        long rows = run.session()
                .queryLong(COUNT.with("table", rest)
                        .with("value", value())
                        .with("range", range(it))
                        .with("limit", MOST_MOVED + 1));
        if (rows == 0) {
            return;
        }
        Optional<String> acted = whoActs(rest, to);
        if (rows > MOST_MOVED) {
            throw refused(
                    it,
                    "the default partition %s has more than %,d rows of its range, which are too many to be moved while writers wait. Move them before, then roll back again:%s %s"
                            .formatted(
                                    rest,
                                    MOST_MOVED,
                                    it.way() != RetirementWay.DETACH
                                            ? " " + Guard.dropStatement(present).script() + ";"
                                            : "",
                                    move(it, rest, present).script()));
        }
        if (acted.isPresent()) {
            throw refused(
                    it,
                    "the default partition %s has %,d rows of its range, and to move these would delete them there, which %s acts upon. Delete or change these rows, or drop that, then roll back again."
                            .formatted(rest, rows, acted.get()));
        }
    }

    /**
     * Who would act upon the move of late rows.
     *
     * @param rest the default partition
     * @param to the table that returns
     */
    private Optional<String> whoActs(QualifiedName rest, QualifiedName to) throws SQLException {
        List<ReferringKey> keys = ReferringKey.of(run.session(), run.state(), migration, table.oid());
        if (!keys.isEmpty()) {
            return Optional.of("the foreign key " + keys.get(0));
        }
        Optional<Capture> capture =
                migration.phase().isAtLeast(Phase.DROPPED) ? Optional.empty() : Optional.of(Capture.of(migration));
        return Stream.of(
                        table.triggers().stream().filter(Trigger::onDelete),
                        triggersOf(rest).stream().filter(Trigger::onDelete),
                        // One that returns NULL would lose the row. Ours is dropped before.
                        triggersOf(to).stream()
                                .filter(Trigger::onInsert)
                                .filter(it -> !it.name().equals(Guard.TRIGGER)))
                .flatMap(it -> it)
                .filter(trigger -> capture.filter(it -> it.owns(trigger)).isEmpty())
                .map(trigger -> "the trigger " + trigger.name())
                .findFirst();
    }

    private List<Trigger> triggersOf(QualifiedName name) throws SQLException {
        return new TableReader(run.session()).find(name).map(Table::triggers).orElse(List.of());
    }

    private Sql move(RetiredPartition it, QualifiedName rest, QualifiedName to) throws SQLException {
        return MOVE.with("from", rest)
                .with("to", to)
                .with("value", value())
                .with("range", range(it))
                .with("columns", Sql.list(table.writableColumns()));
    }

    /** @param rest the default partition; null if there is none */
    private void attachLocked(RetiredPartition it, QualifiedName present, QualifiedName rest) throws SQLException {
        Session session = run.session();
        AttemptLimit limit = AttemptLimit.begin(session, lock.timeout());
        LockPatience.lock(session, locks(present, rest), table.name());
        List<Sql> statements = new ArrayList<>();
        statements.add(Guard.dropStatement(present));
        QualifiedName name = present;
        if (!name.schema().equals(it.partition().schema())) {
            statements.add(
                    SET_SCHEMA.with("table", name).with("schema", it.partition().schema()));
            name = new QualifiedName(it.partition().schema(), name.name());
        }
        if (!name.name().equals(it.partition().name())) {
            statements.add(
                    RENAME.with("table", name).with("name", it.partition().name()));
        }
        session.updateAll(statements);
        session.queryStrings(limit.set());
        if (rest != null) {
            // Somebody may have made a trigger, or written a late row, since this was asked without the lock.
            requireMovable(it, rest, present, it.partition());
            session.update(move(it, rest, it.partition()));
        }
        session.update(ATTACH.with("table", table.name())
                .with("partition", it.partition())
                .with("bound", Sql.raw(it.bound().orElseThrow())));
        session.queryStrings(limit.end());
        List<Sql> afterwards = new ArrayList<>();
        afterwards.add(dropCheck(it.partition()));
        if (!migration.phase().isAtLeast(Phase.DROPPED)) {
            afterwards.addAll(Capture.of(migration).refusalStatements(it.partition()));
        }
        afterwards.add(it.stateStatement(run.state(), RetiredPartition.State.ATTACHED));
        session.updateAll(afterwards);
    }

    /** @param rest the default partition; null if there is none */
    private List<Lock> locks(QualifiedName present, QualifiedName rest) throws SQLException {
        List<Lock> locks = new ArrayList<>();
        locks.add(new Lock(run.state().migration(), run.migrations().lockStatement(migration), false, true));
        locks.add(Lock.ofIdle(present));
        new TableReader(run.session())
                .referenced(table.oid()).stream()
                        .filter(referenced -> !referenced.equals(table.name()))
                        .forEach(referenced -> locks.add(Lock.againstWriters(referenced)));
        locks.add(Lock.againstWritersWithoutPartitions(table.name()));
        if (rest != null) {
            locks.add(Lock.againstAll(rest));
        }
        return locks;
    }

    private SQLException explained(RetiredPartition it, SQLException e) {
        if (SqlState.QUERY_CANCELED.matches(e)) {
            throw refused(
                    it,
                    "PostgreSQL reads the default partition, or makes what the partition lacks, under the lock, and that takes longer than writers may wait (lockTimeout, %s). Give retirePartitions a longer lockTimeout, and roll back at an hour when writers may wait that long."
                            .formatted(DurationText.words(lock.timeout())));
        }
        if (SqlState.isDuplicate(e)) {
            throw refused(
                    it,
                    "late rows in the default partition have keys that it has, too: %s. Delete or change one of the two, then roll back again."
                            .formatted(SqlState.firstLine(e)));
        }
        if (SqlState.isLockNotGiven(e) || SqlState.isConnectionLost(e)) {
            return e;
        }
        throw refused(
                it,
                "PostgreSQL refuses it: %s. Give it what the table has, then roll back again."
                        .formatted(SqlState.firstLine(e)));
    }

    private PartitionException refused(RetiredPartition it, String why) {
        return new PartitionException("%s, which has left %s, cannot be put back: %s Nothing was changed for it."
                .formatted(it.present().orElse(it.partition()), table.name(), why));
    }
}
