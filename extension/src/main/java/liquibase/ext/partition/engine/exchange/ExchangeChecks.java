package liquibase.ext.partition.engine.exchange;

import java.sql.SQLException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import liquibase.ext.partition.engine.PartitionException;
import liquibase.ext.partition.engine.catalog.TableReader;
import liquibase.ext.partition.engine.lock.LockPolicy;
import liquibase.ext.partition.engine.run.StepRun;
import liquibase.ext.partition.engine.sql.QualifiedName;
import liquibase.ext.partition.engine.state.Migration;
import liquibase.ext.partition.engine.state.Migration.Exchange;
import liquibase.ext.partition.engine.upkeep.PresentPartitions;

/** The CHECKs of one exchange: made before it, required while it is planned, taken back if it does not come. */
public final class ExchangeChecks {
    private static final LockPolicy BRIEFLY = new LockPolicy(Duration.ofSeconds(1), 1);

    private ExchangeChecks() {}

    /** Drops the CHECKs that a killed run has left, where no other run comes that would. */
    public static void removeLeft(StepRun run, LockPolicy lock) throws SQLException {
        Optional<Migration> migration = run.migrations().find(run.source());
        Optional<Exchange> exchange = migration.flatMap(Migration::exchange);
        if (exchange.isEmpty()) {
            return;
        }
        List<Long> tables = new ArrayList<>(exchange.get().left());
        tables.addAll(exchange.get().partitions());
        if (exchange.get().parent().isPresent()) {
            Optional<QualifiedName> beside = PresentPartitions.read(
                            run.session(), exchange.get().parentOid())
                    .defaultPartition();
            if (beside.isPresent()) {
                tables.add(new TableReader(run.session()).require(beside.get()).oid());
            }
        }
        BoundCheck.removeLeft(run, migration.get(), tables, lock);
    }

    /** Makes all of them; reads the rows of their tables. */
    static void make(StepRun run, List<BoundCheck> checks, LockPolicy lock) throws SQLException {
        try {
            for (BoundCheck check : checks) {
                check.make(run, lock);
            }
        } catch (SQLException | RuntimeException e) {
            takeBack(run, checks, e);
            throw e;
        }
    }

    /**
     * Requires that they hold, and that they are the ones that are needed now.
     *
     * @param made those that were made
     * @param needed by the partitions that there are now
     */
    static void require(StepRun run, List<BoundCheck> made, List<BoundCheck> needed) throws SQLException {
        boolean hold = made.equals(needed);
        for (BoundCheck check : needed) {
            hold &= check.holds(run.session());
        }
        if (!hold) {
            throw new PartitionException(
                    "Partitions were attached or detached just now, or a check was dropped, so that the server would read rows under the lock. Nothing was exchanged and change capture is still on. Run the same command again.");
        }
    }

    static void takeBack(StepRun run, List<BoundCheck> checks, Exception failure) {
        for (BoundCheck check : checks) {
            try {
                check.takeBack(run, BRIEFLY);
            } catch (SQLException | RuntimeException suppressed) {
                // The next run makes it anew, and meanwhile it refuses nothing that its table could get.
                failure.addSuppressed(suppressed);
            }
        }
    }
}
