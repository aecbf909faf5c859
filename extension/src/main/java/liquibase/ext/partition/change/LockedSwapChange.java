package liquibase.ext.partition.change;

import java.sql.SQLException;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import liquibase.change.DatabaseChange;
import liquibase.change.DatabaseChangeProperty;
import liquibase.database.Database;
import liquibase.exception.DatabaseException;
import liquibase.ext.partition.connection.LiquibaseEnvironment;
import liquibase.ext.partition.engine.PartitionException;
import liquibase.ext.partition.engine.run.LockPolicy;
import liquibase.ext.partition.engine.run.StepRun;
import liquibase.ext.partition.engine.sql.Identifier;
import liquibase.ext.partition.engine.sql.Sql;
import liquibase.ext.partition.engine.swap.OnOldTransactions;
import liquibase.ext.partition.engine.swap.ReverseSwap;
import liquibase.ext.partition.engine.swap.Swap;
import liquibase.ext.partition.engine.swap.SwapSettings;

/** Puts the new table in the table's place, under a lock. */
@DatabaseChange(
        name = "lockedSwap",
        description = "Drains the delta and switches a table with its partitioned successor under one lock",
        priority = 1)
public class LockedSwapChange extends DeltaChange {
    private String backupTableName;

    @DatabaseChangeProperty(
            description = "Name of the backup; the table's with _old where it is not given",
            exampleValue = "orders_old",
            requiredForDatabase = OPTIONAL,
            supportsDatabase = POSTGRESQL)
    public String getBackupTableName() {
        return backupTableName;
    }

    public void setBackupTableName(String backupTableName) {
        this.backupTableName = backupTableName;
    }

    @Override
    protected List<Runnable> attributeChecks() {
        List<Runnable> checks = super.attributeChecks();
        checks.add(() -> Attributes.name("backupTableName", backup().name()));
        return checks;
    }

    @Override
    protected Set<TuningAttribute> tuningAttributes() {
        return TuningAttribute.with(
                TuningAttribute.LOCK,
                TuningAttribute.MAX_DRAIN_ROWS,
                TuningAttribute.WAIT_FOR_OLD_TRANSACTIONS,
                TuningAttribute.ON_OLD_TRANSACTIONS);
    }

    @Override
    protected void execute(StepRun run) throws SQLException {
        requireRecordedNames(run);
        Swap.of(run, backup()).swap(settings());
    }

    @Override
    protected void rollBack(StepRun run) throws SQLException {
        ReverseSwap.run(run, settings());
    }

    /** Once the new table has its indexes; before, there is nothing that the statements could be planned from. */
    @Override
    protected List<String> comments(Database database) {
        if (!LiquibaseEnvironment.isOnline(database)) {
            return List.of();
        }
        try (StepRun run = LiquibaseEnvironment.of(database).begin(getSerializedObjectName(), source(database))) {
            List<String> comments = new ArrayList<>(List.of("In one transaction:"));
            for (Sql statement : Swap.of(run, backup()).reviewStatements()) {
                comments.add(statement.script() + ";");
            }
            return comments;
        } catch (SQLException | DatabaseException | PartitionException e) {
            return List.of();
        }
    }

    /** The backup's name. */
    public Identifier backup() {
        return nameOr(backupTableName, "_old");
    }

    private SwapSettings settings() {
        LockPolicy lock = tuning().lock();
        String onOldTransactions = tuning().text(TuningAttribute.ON_OLD_TRANSACTIONS);
        return new SwapSettings(
                lock,
                tuning().positive(TuningAttribute.MAX_DRAIN_ROWS, SwapSettings.DEFAULT_MAX_DRAIN_ROWS),
                tuning().duration(TuningAttribute.WAIT_FOR_OLD_TRANSACTIONS, lock::patience),
                onOldTransactions == null
                        ? OnOldTransactions.STOP
                        : OnOldTransactions.parse(
                                TuningAttribute.ON_OLD_TRANSACTIONS.attributeName(), onOldTransactions));
    }
}
