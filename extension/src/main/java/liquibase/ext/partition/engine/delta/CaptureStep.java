package liquibase.ext.partition.engine.delta;

import java.sql.SQLException;
import java.util.ArrayList;
import java.util.List;
import liquibase.ext.partition.engine.PartitionException;
import liquibase.ext.partition.engine.catalog.Table;
import liquibase.ext.partition.engine.catalog.TableReader;
import liquibase.ext.partition.engine.lock.Lock;
import liquibase.ext.partition.engine.lock.LockPatience;
import liquibase.ext.partition.engine.lock.LockPolicy;
import liquibase.ext.partition.engine.rows.RowKey;
import liquibase.ext.partition.engine.run.StepRun;
import liquibase.ext.partition.engine.sql.Identifier;
import liquibase.ext.partition.engine.sql.QualifiedName;
import liquibase.ext.partition.engine.sql.Session;
import liquibase.ext.partition.engine.sql.Sql;
import liquibase.ext.partition.engine.state.Migration;
import liquibase.ext.partition.engine.state.Migrations;
import liquibase.ext.partition.engine.state.Phase;
import liquibase.ext.partition.engine.state.StateTables;

/**
 * Begins and ends change capture on the source.
 *
 * <p>Transaction: one. Locks: SHARE ROW EXCLUSIVE on the source to begin, ACCESS EXCLUSIVE to end, taken last and under
 * the lock policy, so that writers do not queue. Safe to repeat. On failure nothing is left behind.
 */
public final class CaptureStep {
    private static final Sql CURRENT_USER = Sql.of("SELECT current_user");
    private static final Sql EXISTS = Sql.of("SELECT pg_catalog.to_regclass({table}) IS NOT NULL");

    private CaptureStep() {}

    /** The statements that begin capture, for execution and for review. */
    public static List<Sql> statements(Session session, StateTables state, Capture capture, Table source)
            throws SQLException {
        String user = session.queryStrings(CURRENT_USER).get(0);
        List<Sql> statements = new ArrayList<>(capture.createStatements(source.name()));
        if (!source.owner().name().equals(user)) {
            statements.addAll(capture.ownerStatements(source.owner()));
        }
        statements.addAll(capture.startStatements(CapturedTable.ordinary(source.name())));
        statements.add(Migrations.startCaptureStatement(
                state, source.name(), capture.delta().name(), capture.key()));
        return statements;
    }

    /**
     * Begins capture.
     *
     * @throws PartitionException when the key does not identify rows, a name is taken, or the lock is not granted
     */
    public static void start(StepRun run, Identifier deltaName, List<Identifier> key, LockPolicy lock)
            throws SQLException {
        Migration migration = run.migrations().require(run.source(), Phase.PREPARED, run.step());
        Capture capture = new Capture(run.source().sibling(deltaName), key, migration.partitionColumns());
        if (migration.phase().isAtLeast(Phase.SWAPPED)
                || migration.phase().isAtLeast(Phase.CAPTURING) && capture.isOn(run.session(), run.source())) {
            run.line("%s: changes of %s are captured already.".formatted(run.step(), run.source()));
            return;
        }
        if (migration.deltaTableName().isPresent()) {
            throw new PartitionException(
                    "Changes of %s were captured, but a trigger of %s is missing or disabled. Writes since then may be missing from the delta table. Nothing was changed. Roll back captureChanges, then run update again."
                            .formatted(run.source(), migration.delta()));
        }
        Table source = new TableReader(run.session()).require(run.source());
        RowKey.requireIndex(source, key);
        boolean left = capture.missed().isLeft(run.session());
        List<QualifiedName> tables = new ArrayList<>(capture.segments());
        if (!left) {
            tables.add(capture.missed().table());
        }
        for (QualifiedName made : tables) {
            if (run.session().queryBoolean(EXISTS.with("table", made.quoted()))) {
                throw new PartitionException(
                        "There is a table %s already, which this migration did not make. Nothing was changed. Rename it, or choose another deltaTableName."
                                .formatted(made));
            }
        }
        List<Sql> statements = new ArrayList<>(left ? List.of(capture.missed().dropStatement()) : List.of());
        statements.addAll(statements(run.session(), run.state(), capture, source));
        lock.inTransaction(
                run.session(),
                run.report(),
                run.source(),
                "Nothing was changed; no trigger was made.",
                () -> {
                    LockPatience.lockIdle(run.session(), ofRecord(run, migration));
                    run.session().updateAll(statements);
                    return null;
                },
                () -> {});
        run.line("changes of %s are captured in %s".formatted(run.source(), capture.delta()));
    }

    /**
     * An operator who changes the tuning may hold a lock on the record, so the record is locked before writers wait.
     */
    private static Lock ofRecord(StepRun run, Migration migration) {
        return new Lock(run.state().migration(), run.migrations().lockStatement(migration), false, true);
    }

    /**
     * Ends capture and drops the delta table: the rollback. The copied rows rest on the capture, so they go too: an
     * interrupted copy is not recorded in DATABASECHANGELOG, so nothing else would take it back.
     */
    public static void stop(StepRun run, LockPolicy lock) throws SQLException {
        Migration migration = run.migrations().require(run.source(), Phase.PREPARED, run.step());
        if (migration.deltaTableName().isEmpty()) {
            run.line("%s: changes of %s are not captured.".formatted(run.step(), run.source()));
            return;
        }
        migration.requireNotSwapped("Capture is not ended");
        Capture capture = Capture.of(migration);
        lock.inTransaction(
                run.session(),
                run.report(),
                run.source(),
                "Nothing was changed; changes are still captured.",
                () -> {
                    if (migration.plan().isPresent()) {
                        CopiedRows.discard(run, migration);
                    }
                    LockPatience.lock(
                            run.session(),
                            List.of(
                                    ofRecord(run, migration),
                                    Lock.againstAll(run.source()),
                                    Lock.ofIdle(capture.delta())),
                            run.source());
                    run.session().updateAll(capture.stopStatements(CapturedTable.ordinary(run.source())));
                    run.session().updateAll(capture.freeStatements(run.session(), run.source()));
                    run.session().updateAll(capture.dropStatements());
                    run.migrations().endCapture(migration);
                    return null;
                },
                () -> {});
    }
}
