package liquibase.ext.partition.engine.belonging.triggers;

import java.sql.SQLException;
import java.util.List;
import liquibase.ext.partition.engine.delta.Capture;
import liquibase.ext.partition.engine.delta.CapturedTable;
import liquibase.ext.partition.engine.delta.Triggered;
import liquibase.ext.partition.engine.lock.LockPolicy;
import liquibase.ext.partition.engine.run.StepRun;
import liquibase.ext.partition.engine.sql.Sql;

/**
 * The capture triggers of the partitioned table. They are made before the swap requests its lock and removed after the
 * reverse swap has given it back: with four statements per partition they took longest under the lock.
 *
 * <p>Transaction: one each. Locks: SHARE ROW EXCLUSIVE, and ACCESS EXCLUSIVE to remove, on the partitioned table while
 * nobody uses it; under the lock policy, since somebody may look at it. Safe to repeat. Triggers that are left behind
 * do no harm, because those that capture are disabled.
 */
public final class TriggersAhead {
    private TriggersAhead() {}

    /** Makes the missing triggers on a table with partitions. */
    public static void make(StepRun run, Capture capture, CapturedTable entering, LockPolicy lock) throws SQLException {
        if (!entering.hasPartitions()) {
            return;
        }
        List<Sql> statements =
                capture.aheadStatements(entering, Triggered.of(capture, run.session(), entering.table()));
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

    /** Removes the triggers that there are. @param idle with its present partitions */
    public static void remove(StepRun run, Capture capture, CapturedTable idle, LockPolicy lock) throws SQLException {
        if (!Triggered.of(capture, run.session(), idle.table()).isNone()) {
            lock.inTransaction(
                    run.session(),
                    run.report(),
                    idle.table(),
                    "It has triggers of a swap left, which are disabled or refuse TRUNCATE.",
                    () -> {
                        capture.removeFrom(run.session(), idle);
                        return null;
                    },
                    () -> {});
        }
    }
}
