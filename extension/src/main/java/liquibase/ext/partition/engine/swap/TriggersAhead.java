package liquibase.ext.partition.engine.swap;

import java.sql.SQLException;
import java.util.List;
import liquibase.ext.partition.engine.delta.Capture;
import liquibase.ext.partition.engine.delta.CapturedTable;
import liquibase.ext.partition.engine.run.LockPolicy;
import liquibase.ext.partition.engine.run.StepRun;
import liquibase.ext.partition.engine.sql.QualifiedName;
import liquibase.ext.partition.engine.sql.Sql;
import liquibase.ext.partition.engine.target.Routing;

/**
 * The capture triggers of the partitioned table, made before the swap's lock is asked for and removed after that of the
 * reverse swap is given back: with four statements to a partition they were what took longest under it.
 *
 * <p>Transaction: one each. Locks: SHARE ROW EXCLUSIVE, and ACCESS EXCLUSIVE to remove, on the partitioned table while
 * it is nobody's; under the lock policy, since somebody may look at it. Safe to repeat, and no harm where they are
 * left: what captures is disabled.
 */
final class TriggersAhead {
    private TriggersAhead() {}

    /** Makes those that are missing, on a table with partitions. */
    static void make(StepRun run, Capture capture, CapturedTable entering, LockPolicy lock) throws SQLException {
        if (!entering.hasPartitions()) {
            return;
        }
        List<Sql> statements = capture.aheadStatements(entering, capture.triggered(run.session(), entering.table()));
        if (!statements.isEmpty()) {
            lock.inTransaction(
                    run.session(),
                    run.report(),
                    entering.table(),
                    "Nothing was renamed and change capture is still on.",
                    () -> {
                        run.session().updateAll(statements);
                        return null;
                    },
                    () -> {});
        }
    }

    /** Removes what there is. */
    static void remove(StepRun run, Capture capture, QualifiedName table, Routing routing, LockPolicy lock)
            throws SQLException {
        if (!capture.triggered(run.session(), table).isNone()) {
            lock.inTransaction(
                    run.session(),
                    run.report(),
                    table,
                    "It has triggers of a swap left, which are disabled or refuse TRUNCATE.",
                    () -> {
                        capture.removeFrom(run.session(), table, routing);
                        return null;
                    },
                    () -> {});
        }
    }
}
