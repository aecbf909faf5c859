package liquibase.ext.partition.change.upkeep;

import java.sql.SQLException;
import liquibase.change.DatabaseChange;
import liquibase.database.Database;
import liquibase.ext.partition.attribute.StepName;
import liquibase.ext.partition.change.LockedSwapChange;
import liquibase.ext.partition.engine.exchange.PartitionExchange;
import liquibase.ext.partition.engine.exchange.ReverseExchange;
import liquibase.ext.partition.engine.run.StepRun;
import liquibase.ext.partition.engine.swap.Swap;
import liquibase.ext.partition.step.Undo;

/** Puts the new partitions in the place of a partition, under a lock. */
@DatabaseChange(
        name = "exchangePartitions",
        description = "Drains the delta and exchanges a partition for those that have its rows, under one lock",
        priority = 1)
public class ExchangePartitionsChange extends LockedSwapChange {
    @Override
    public StepName stepName() {
        return StepName.EXCHANGE_PARTITIONS;
    }

    @Override
    protected void execute(StepRun run) throws SQLException {
        PartitionExchange.run(run, backup(), settings());
    }

    @Override
    public Undo.By undo(Database database) {
        return new Undo.By(run -> ReverseExchange.run(run, settings()));
    }

    @Override
    public Swap.Statements statements(StepRun run) throws SQLException {
        return PartitionExchange.reviewStatements(run, backup());
    }
}
