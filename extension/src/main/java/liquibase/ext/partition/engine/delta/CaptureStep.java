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
 *
 * <p>If several partitions leave together, their table is locked first, without its partitions, as writers lock it
 * first: otherwise a writer who moves a row from one of them to another and this step would wait for each other. A
 * writer who names the partitions may lock them in any order, so all of them are locked within one attempt's patience
 * ({@link LockPatience}) before the first trigger is made.
 */
public final class CaptureStep {
    private static final Sql CURRENT_USER = Sql.of("SELECT current_user");
    private static final Sql EXISTS = Sql.of("SELECT pg_catalog.to_regclass({table}) IS NOT NULL");

    private CaptureStep() {}

    /**
     * The statements that begin capture, for execution and for review.
     *
     * @param source whose columns the delta table gets
     */
    public static List<Sql> statements(
            Session session, StateTables state, Capture capture, Table source, CapturedTable captured)
            throws SQLException {
        List<Sql> statements = new ArrayList<>(makeStatements(session, capture, source));
        locksToStart(captured).forEach(lock -> statements.add(lock.statement()));
        statements.addAll(startStatements(state, capture, source, captured));
        return statements;
    }

    /** The statements that make the delta table, for which no writer waits. */
    private static List<Sql> makeStatements(Session session, Capture capture, Table source) throws SQLException {
        String user = session.queryStrings(CURRENT_USER).get(0);
        List<Sql> statements = new ArrayList<>(capture.createStatements(source.name()));
        if (!source.owner().name().equals(user)) {
            statements.addAll(capture.ownerStatements(source.owner()));
        }
        return statements;
    }

    /** Empty for one table, which its first trigger locks. */
    private static List<Lock> locksToStart(CapturedTable captured) {
        List<Lock> locks = new ArrayList<>();
        if (captured.partitionsOnly()) {
            locks.add(Lock.againstWritersWithoutPartitions(captured.table()));
            captured.partitions().forEach(it -> locks.add(Lock.againstWriters(it)));
        }
        return locks;
    }

    private static List<Sql> startStatements(StateTables state, Capture capture, Table source, CapturedTable captured) {
        List<Sql> statements = new ArrayList<>(capture.startStatements(captured));
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
        Capture capture = Capture.beginning(migration, run.source().sibling(deltaName), key);
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
        requireNoOtherExchange(run, migration);
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
        List<Sql> making = new ArrayList<>(left ? List.of(capture.missed().dropStatement()) : List.of());
        making.addAll(makeStatements(run.session(), capture, source));
        CapturedTable captured = CapturedTable.ofOrigin(migration);
        List<Lock> locks = locksToStart(captured);
        List<Sql> starting = startStatements(run.state(), capture, source, captured);
        lock.inTransaction(
                run.session(),
                run.report(),
                run.source(),
                "Nothing was changed; no trigger was made.",
                () -> {
                    LockPatience.lockIdle(run.session(), ofRecord(run, migration));
                    run.session().updateAll(making);
                    if (!locks.isEmpty()) {
                        LockPatience.lock(run.session(), locks, captured.table());
                    }
                    run.session().updateAll(starting);
                    return null;
                },
                () -> {});
        run.line("changes of %s are captured in %s".formatted(run.source(), capture.delta()));
    }

    /** Two that are prepared at the same time do not see each other. */
    private static void requireNoOtherExchange(StepRun run, Migration migration) throws SQLException {
        List<Long> partitions =
                migration.exchange().map(Migration.Exchange::left).orElse(List.of());
        for (Migration other : run.migrations().exchangesOf(partitions, run.source())) {
            throw new PartitionException(
                    "The exchange of %s, which is <%s>, is about a partition that leaves in this one, too. Nothing was changed; no trigger was made. Roll back one of the two to before prepareExchange."
                            .formatted(other.source(), other.phase().word()));
        }
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
                    CapturedTable captured = CapturedTable.ofOrigin(migration);
                    List<Lock> locks = new ArrayList<>(List.of(ofRecord(run, migration)));
                    if (captured.partitionsOnly()) {
                        locks.add(Lock.againstAllWithoutPartitions(captured.table()));
                        captured.partitions().forEach(it -> locks.add(Lock.againstAll(it)));
                    } else {
                        locks.add(Lock.againstAll(run.source()));
                    }
                    locks.add(Lock.ofIdle(capture.delta()));
                    LockPatience.lock(run.session(), locks, run.source());
                    run.session().updateAll(capture.stopStatements(captured));
                    run.session().updateAll(capture.freeStatements(run.session(), captured.table()));
                    run.session().updateAll(capture.dropStatements());
                    run.migrations().endCapture(migration);
                    return null;
                },
                () -> {});
    }
}
