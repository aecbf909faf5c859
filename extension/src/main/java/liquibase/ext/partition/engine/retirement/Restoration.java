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
import liquibase.ext.partition.engine.sql.QualifiedName;
import liquibase.ext.partition.engine.sql.Session;
import liquibase.ext.partition.engine.sql.Sql;
import liquibase.ext.partition.engine.state.Migration;
import liquibase.ext.partition.engine.upkeep.Sister;

/**
 * Takes back the drop of an archived partition: makes it anew, like its sisters and under its name, and brings its rows
 * back from the files. Then it is what it was before the drop, a table of its own, to which nobody can write.
 *
 * <p>Transactions: one for the table with its record, one for each file, one for the record that it is whole. No lock
 * on anything that others use. Safe to repeat and to kill: a table that is not whole is dropped, and made again.
 */
record Restoration(StepRun run, LockPolicy lock, Migration migration, Table table) {
    private static final Sql DROP = Sql.of("DROP TABLE {table}");

    private static final Sql OID = Sql.of("SELECT pg_catalog.to_regclass({table})::pg_catalog.oid::bigint");

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
            dropPart(it.present().get());
        }
        if (TakenNames.isTaken(session, it.partition())) {
            throw refused(
                    it,
                    "something else has the name %s. Rename that, then roll back again.".formatted(it.partition()),
                    null);
        }
        make(it);
        long rows = files.into(it.partition());
        List<Sql> afterwards = new ArrayList<>(Guard.of(table.name()).statements(session, it.partition()));
        afterwards.add(it.restoredStatement(
                run.state(), session.queryLong(OID.with("table", it.partition().quoted()))));
        session.inTransaction(() -> session.updateAll(afterwards));
        run.line("%s: %s, which had left %s and was dropped, has its %,d rows again. The files in %s are still there."
                .formatted(run.step(), it.partition(), run.source(), rows, archive.directory()));
    }

    private void make(RetiredPartition it) throws SQLException {
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
        List<Sql> statements = new ArrayList<>(Sister.read(session, example, key, relatives)
                .partitionStatements(
                        migration
                                .spec()
                                .layout()
                                .partition(it.partition().name())
                                .orElse(null),
                        it.partition()));
        statements.add(it.restoringStatement(run.state(), it.partition()));
        session.inTransaction(() -> session.updateAll(statements));
    }

    private void dropPart(QualifiedName part) throws SQLException {
        lock.inTransaction(
                run.session(),
                run.report(),
                part,
                "It has a part of its rows, as before.",
                () -> {
                    LockPatience.lock(run.session(), List.of(Lock.ofIdle(part)), part);
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
