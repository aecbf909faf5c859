package liquibase.ext.partition.engine.delta;

import java.sql.SQLException;
import liquibase.ext.partition.engine.run.StepRun;
import liquibase.ext.partition.engine.sql.Session;
import liquibase.ext.partition.engine.sql.Sql;
import liquibase.ext.partition.engine.sql.SqlState;
import liquibase.ext.partition.engine.state.Checkpoints;
import liquibase.ext.partition.engine.state.Migration;

/**
 * The rows that a copy has put into the new table. They rest on the capture that was on meanwhile, so they are removed
 * when that capture ends, as well as when the copy is taken back.
 *
 * <p>When a table is emptied, the index of its TOAST table needs a first page before the old pages are given back. A
 * disk that is full to the last page must not stop the way back. So when there is no room, the rows stay: they go with
 * the new table, or before the next copy begins.
 */
public final class CopiedRows {
    private static final Sql EXISTS = Sql.of("SELECT pg_catalog.to_regclass({newTable}) IS NOT NULL");
    private static final Sql LOCK = Sql.of("LOCK TABLE {newTable} IN ACCESS EXCLUSIVE MODE");
    private static final Sql TRUNCATE = Sql.of("TRUNCATE {newTable}");
    private static final Sql SAVEPOINT = Sql.of("SAVEPOINT before_truncate");
    private static final Sql BACK = Sql.of("ROLLBACK TO SAVEPOINT before_truncate");

    private CopiedRows() {}

    /**
     * Empties the new table, if it is still there, and forgets the plan and the checkpoints. Must run in a transaction.
     */
    public static void discard(StepRun run, Migration migration) throws SQLException {
        boolean left = run.session()
                        .queryBoolean(
                                EXISTS.with("newTable", migration.newTable().quoted()))
                && !emptied(run, migration);
        new Checkpoints(run.session(), run.state(), migration).forgetAll();
        if (migration.deltaTableName().isPresent()) {
            // The next copy reads what these writes have left.
            Capture.of(migration).missed().forgetAll(run.session());
        }
        run.migrations().forgetCopy(migration, left);
    }

    private static boolean emptied(StepRun run, Migration migration) throws SQLException {
        keepOut(run, migration);
        run.session().update(SAVEPOINT);
        try {
            run.session().update(TRUNCATE.with("newTable", migration.newTable()));
            return true;
        } catch (SQLException e) {
            if (!SqlState.DISK_FULL.matches(e)) {
                throw e;
            }
            run.session().update(BACK);
            run.line(
                    "%s: the disk is too full to empty %s. Its rows are left until it is dropped (rollback to before createPartitionedTable), or until a copy begins anew."
                            .formatted(run.step(), migration.newTable()));
            return false;
        }
    }

    /**
     * Removes rows that an earlier copy has left, which would otherwise be there twice. Must run in the transaction
     * that begins the new copy.
     */
    public static void removeLeftovers(StepRun run, Migration migration) throws SQLException {
        if (run.migrations().hasLeftRows(migration)) {
            keepOut(run, migration);
            run.session().update(TRUNCATE.with("newTable", migration.newTable()));
        }
    }

    /** Locks the new table, and makes sure that no trigger fires when it is emptied. */
    private static void keepOut(StepRun run, Migration migration) throws SQLException {
        Session session = run.session();
        session.update(LOCK.with("newTable", migration.newTable()));
        if (migration.deltaTableName().isPresent()) {
            Capture capture = Capture.of(migration);
            // A swap that was killed has made these ahead; one of them refuses TRUNCATE.
            capture.removeFrom(session, CapturedTable.ofIdle(session, migration));
            new Strangers(capture, migration.newTable())
                    .requireNone(
                            session,
                            "%s is not emptied".formatted(migration.newTable()),
                            "Nothing was changed, and capture goes on.");
        }
    }
}
