package liquibase.ext.partition.engine.retirement;

import java.sql.SQLException;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Optional;
import liquibase.ext.partition.engine.PartitionException;
import liquibase.ext.partition.engine.catalog.Table;
import liquibase.ext.partition.engine.catalog.TableReader;
import liquibase.ext.partition.engine.catalog.server.TakenNames;
import liquibase.ext.partition.engine.lock.Lock;
import liquibase.ext.partition.engine.lock.LockPatience;
import liquibase.ext.partition.engine.lock.LockPolicy;
import liquibase.ext.partition.engine.partitioning.PartitionKey;
import liquibase.ext.partition.engine.retirement.archive.FileRestoration;
import liquibase.ext.partition.engine.run.StepRun;
import liquibase.ext.partition.engine.sql.Identifier;
import liquibase.ext.partition.engine.sql.QualifiedName;
import liquibase.ext.partition.engine.sql.Session;
import liquibase.ext.partition.engine.sql.Sql;
import liquibase.ext.partition.engine.sql.SqlState;
import liquibase.ext.partition.engine.state.Migration;
import liquibase.ext.partition.engine.upkeep.Sister;

/**
 * Takes back the drop of an archived partition: makes it anew, like its sisters and under its name, and brings its rows
 * back from the files. Then it is what it was before the drop, a table of its own, to which nobody can write.
 *
 * <p>It has its {@link Guard} from the transaction on that makes it, which lets rows in only within the transactions
 * that bring the rows of the archive, under a lock on the table; and its grants, policies and publications come in the
 * last one. So until then it has no row but those of the archive, and a part of it can be dropped. A part that was
 * attached, or whose guard was changed, may have rows of others, and is never dropped.
 *
 * <p>Its CHECKs come with the last transaction, too, each as it is on its sister: rows of the archive may be older than
 * one that is NOT VALID.
 *
 * <p>Transactions: one for the table with its record, one for each file, one for the record that it is whole. No lock
 * on anything that others use. Safe to repeat and to kill: a table that is not whole is dropped, and made again.
 */
record Restoration(StepRun run, LockPolicy lock, Migration migration, Table table) {
    private static final Sql DROP = Sql.of("DROP TABLE {table}");
    private static final Sql DROP_CONSTRAINT = Sql.of("ALTER TABLE {table} DROP CONSTRAINT {name}");
    private static final Sql ADD_CONSTRAINT = Sql.of("ALTER TABLE {table} ADD CONSTRAINT {name} {definition}");

    private static final Sql OID = Sql.of("SELECT pg_catalog.to_regclass({table})::pg_catalog.oid::bigint");

    /** What {@code LIKE} has copied is enforced for every row, even where the original is NOT VALID. */
    private static final Sql CHECKS = Sql.of("""
            SELECT k.conname, pg_catalog.pg_get_constraintdef(k.oid)
                   || CASE WHEN k.convalidated AND EXISTS (
                        SELECT FROM pg_catalog.pg_constraint AS m
                        WHERE m.conrelid = pg_catalog.to_regclass({model}) AND m.contype = 'c' AND m.conname = k.conname AND NOT m.convalidated)
                      THEN ' NOT VALID' ELSE '' END AS definition
            FROM pg_catalog.pg_constraint AS k
            WHERE k.conrelid = pg_catalog.to_regclass({table}) AND k.contype = 'c' ORDER BY k.conname""");

    private record Check(Identifier name, String definition) {}

    /** What the table gets once it has its rows. */
    private record Rest(List<Check> checks, List<Sql> access) {}

    /**
     * @param it one that was dropped, and has an archive
     * @throws PartitionException when a file is gone or another, or the table has other columns by now; what is there
     *     is unchanged
     */
    void restore(RetiredPartition it) throws SQLException {
        RetiredPartition.ArchiveRecord archive = it.archive().orElseThrow();
        Session session = run.session();
        FileRestoration files;
        try {
            files = FileRestoration.of(session, run.report(), archive.directory(), archive.sha256());
        } catch (PartitionException e) {
            throw refused(it, e.getMessage(), e);
        }
        Optional<String> why = files.whyNotInto(table);
        if (why.isPresent()) {
            throw refused(
                    it,
                    "%s. Restore it into a table of its own (generator restore --archive %s --table %s), and bring the rows into place by an INSERT of yours."
                            .formatted(why.get(), archive.directory(), it.partition()),
                    null);
        }
        if (it.state() == RetiredPartition.State.RESTORING && it.present().isPresent()) {
            settlePart(it);
        }
        if (TakenNames.isTaken(session, it.partition())) {
            throw refused(
                    it,
                    "something else has the name %s. Rename that, then roll back again.".formatted(it.partition()),
                    null);
        }
        Rest rest = make(it);
        long rows = files.into(it.partition(), new FileRestoration.Around() {
            @Override
            public void before() throws SQLException {
                requireOursAlone(it);
                session.update(Guard.pauseStatement(it.partition()));
            }

            @Override
            public void after() throws SQLException {
                session.updateAll(List.of(Guard.resumeStatement(it.partition()), it.guardStatement(run.state())));
            }
        });
        finish(it, rest);
        run.line("%s: %s, which had left %s and was dropped, has its %,d rows again. The files in %s are still there."
                .formatted(run.step(), it.partition(), run.source(), rows, archive.directory()));
    }

    /** Gives the table what it lacks of its sister, and records that it is whole. */
    private void finish(RetiredPartition it, Rest rest) throws SQLException {
        Session session = run.session();
        QualifiedName part = it.partition();
        List<Sql> statements = new ArrayList<>();
        rest.checks()
                .forEach(check -> statements.add(ADD_CONSTRAINT
                        .with("table", part)
                        .with("name", check.name())
                        .with("definition", Sql.raw(check.definition()))));
        statements.addAll(rest.access());
        try {
            lock.inTransaction(
                    session,
                    run.report(),
                    part,
                    "It has its rows, and is not recorded as whole.",
                    () -> {
                        LockPatience.lock(session, List.of(Lock.ofIdle(part)), part);
                        requireOursAlone(it);
                        statements.add(
                                it.restoredStatement(run.state(), session.queryLong(OID.with("table", part.quoted()))));
                        session.updateAll(statements);
                        return null;
                    },
                    () -> {});
        } catch (SQLException e) {
            if (!SqlState.CHECK_VIOLATION.matches(e)) {
                throw e;
            }
            throw new PartitionException(
                    "%s has its rows again, but some were archived before %s had one of its CHECKs: %s. So it is not whole, and nobody can write to it. Drop that CHECK of %s, and add it again as NOT VALID, or without; then roll back again, which begins anew."
                            .formatted(part, run.source(), SqlState.firstLine(e), run.source()),
                    e);
        }
    }

    /** Asked under a lock on the table: whether it has no row but those of the archive. */
    private void requireOursAlone(RetiredPartition read) throws SQLException {
        boolean isOurs = RetiredPartition.of(run.session(), run.state(), run.source()).stream()
                .anyMatch(it -> it.id() == read.id() && it.isOursAlone());
        if (!isOurs) {
            throw new PartitionException(
                    "Somebody has attached or renamed %s, or changed its trigger %s, while it had a part of its rows, so that it may have rows of others. It was neither filled any further nor dropped. Look at it, and move it to another schema (ALTER TABLE … SET SCHEMA); then roll back again, which makes another one."
                            .formatted(read.partition(), Guard.TRIGGER));
        }
    }

    private void settlePart(RetiredPartition it) throws SQLException {
        QualifiedName present = it.present().orElseThrow();
        if (it.attached()) {
            throw refused(
                    it,
                    "a rollback was interrupted when %s had a part of its rows, and then somebody has attached it, so that it may have rows of others. Look at it, detach it, and move it to another schema (ALTER TABLE … SET SCHEMA); then roll back again, which makes another one."
                            .formatted(present),
                    null);
        }
        if (it.isOursAlone()) {
            dropPart(it);
        } else if (present.equals(it.partition())) {
            throw refused(
                    it,
                    "a rollback was interrupted when it had a part of its rows, and then somebody has changed its trigger %s, so that it may have rows of others. Look at it, and move it to another schema (ALTER TABLE … SET SCHEMA); then roll back again, which makes another one."
                            .formatted(Guard.TRIGGER),
                    null);
        } else {
            run.line("%s: %s has a part of the rows of %s, and stays: somebody has renamed or moved it."
                    .formatted(run.step(), present, it.partition()));
        }
    }

    private Rest make(RetiredPartition it) throws SQLException {
        Session session = run.session();
        TableReader reader = new TableReader(session);
        QualifiedName example = DuePartitions.ask(session, run.state(), run.source()).stream()
                .flatMap(asked -> asked.all().stream())
                .filter(sister -> sister.kind() == 'r')
                // The default partition, if there is one.
                .min(Comparator.comparing(sister -> !sister.bound().equals(Optional.of("DEFAULT"))))
                .map(AgedPartition::name)
                .orElseThrow(() -> refused(
                        it,
                        "%s has no partition by whose example it can be made. Make one, then roll back again."
                                .formatted(run.source()),
                        null));
        PartitionKey key = PartitionKey.of(
                migration.spec().partitionKey(),
                table.columns(),
                migration.spec().textDateFunction());
        List<Table> relatives = new ArrayList<>(List.of(table));
        Optional<QualifiedName> backup = migration.backupTableName().map(run.source()::sibling);
        if (backup.isPresent()) {
            reader.find(backup.get()).ifPresent(relatives::add);
        }
        Sister sister = Sister.read(session, example, key, relatives);
        List<Sql> statements = sister.secludedStatements(
                migration.spec().layout().partition(it.partition().name()).orElse(null), it.partition());
        return session.inTransaction(() -> {
            session.updateAll(statements);
            List<Check> checks = session.query(
                    CHECKS.with("table", it.partition().quoted()).with("model", example.quoted()),
                    row -> new Check(new Identifier(row.getString("conname")), row.getString("definition")));
            List<Sql> guarded = new ArrayList<>();
            checks.forEach(check ->
                    guarded.add(DROP_CONSTRAINT.with("table", it.partition()).with("name", check.name())));
            guarded.addAll(Guard.of(table.name()).statements(session, it.partition()));
            guarded.add(it.restoringStatement(run.state(), it.partition()));
            session.updateAll(guarded);
            return new Rest(checks, sister.accessStatements(it.partition()));
        });
    }

    private void dropPart(RetiredPartition it) throws SQLException {
        QualifiedName part = it.partition();
        lock.inTransaction(
                run.session(),
                run.report(),
                part,
                "It has a part of its rows, as before.",
                () -> {
                    LockPatience.lock(run.session(), List.of(Lock.ofIdle(part)), part);
                    requireOursAlone(it);
                    run.session().update(DROP.with("table", part));
                    return null;
                },
                () -> {});
    }

    private PartitionException refused(RetiredPartition it, String why, Exception cause) {
        return new PartitionException(
                "%s, which had left %s and was archived and dropped, cannot be brought back: %s Nothing was changed for it."
                        .formatted(it.partition(), run.source(), why),
                cause);
    }
}
