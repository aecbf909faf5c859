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
    private String lockTimeout;
    private String lockAttempts;
    private String maxDrainRows;
    private String waitForOldTransactions;
    private String onOldTransactions;

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

    @DatabaseChangeProperty(
            description =
                    "How long the longest attempts wait for the lock, and writers behind them: a number with ms, s or min; 1s where it is not given",
            exampleValue = "500ms",
            requiredForDatabase = OPTIONAL,
            supportsDatabase = POSTGRESQL)
    public String getLockTimeout() {
        return lockTimeout;
    }

    public void setLockTimeout(String lockTimeout) {
        this.lockTimeout = lockTimeout;
    }

    @DatabaseChangeProperty(
            description =
                    "How many times the lock is tried for, with growing timeouts and pauses; 40 where it is not given",
            exampleValue = "40",
            requiredForDatabase = OPTIONAL,
            supportsDatabase = POSTGRESQL)
    public String getLockAttempts() {
        return lockAttempts;
    }

    public void setLockAttempts(String lockAttempts) {
        this.lockAttempts = lockAttempts;
    }

    @DatabaseChangeProperty(
            description = "More delta rows than this are not drained under the lock; 5000 where it is not given",
            exampleValue = "2000",
            requiredForDatabase = OPTIONAL,
            supportsDatabase = POSTGRESQL)
    public String getMaxDrainRows() {
        return maxDrainRows;
    }

    public void setMaxDrainRows(String maxDrainRows) {
        this.maxDrainRows = maxDrainRows;
    }

    @DatabaseChangeProperty(
            description =
                    "How long transactions with a snapshot older than the last replay are waited for: a number with ms, s or min; as long as all attempts at the lock together where it is not given",
            exampleValue = "10min",
            requiredForDatabase = OPTIONAL,
            supportsDatabase = POSTGRESQL)
    public String getWaitForOldTransactions() {
        return waitForOldTransactions;
    }

    public void setWaitForOldTransactions(String waitForOldTransactions) {
        this.waitForOldTransactions = waitForOldTransactions;
    }

    @DatabaseChangeProperty(
            description =
                    "What to do when transactions outlast waitForOldTransactions: stop, or goOn, and then they find rows missing; stop where it is not given",
            exampleValue = "stop",
            requiredForDatabase = OPTIONAL,
            supportsDatabase = POSTGRESQL)
    public String getOnOldTransactions() {
        return onOldTransactions;
    }

    public void setOnOldTransactions(String onOldTransactions) {
        this.onOldTransactions = onOldTransactions;
    }

    @Override
    protected List<Runnable> attributeChecks() {
        List<Runnable> checks = super.attributeChecks();
        checks.add(() -> Attributes.name("backupTableName", backup().name()));
        checks.add(this::settings);
        return checks;
    }

    @Override
    protected Set<String> tuningAttributes() {
        return Set.of("lockTimeout", "lockAttempts", "maxDrainRows", "waitForOldTransactions", "onOldTransactions");
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
        LockPolicy lock = LockAttributes.policy(lockTimeout, lockAttempts);
        return new SwapSettings(
                lock,
                Attributes.positive("maxDrainRows", maxDrainRows, SwapSettings.DEFAULT_MAX_DRAIN_ROWS),
                waitForOldTransactions == null
                        ? lock.patience()
                        : Attributes.duration("waitForOldTransactions", waitForOldTransactions),
                onOldTransactions == null
                        ? OnOldTransactions.STOP
                        : OnOldTransactions.parse("onOldTransactions", onOldTransactions));
    }
}
