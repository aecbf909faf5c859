package liquibase.ext.partition.change;

import java.sql.SQLException;
import java.util.List;
import java.util.Map;
import java.util.Set;
import liquibase.change.DatabaseChange;
import liquibase.change.DatabaseChangeProperty;
import liquibase.database.Database;
import liquibase.exception.RollbackImpossibleException;
import liquibase.ext.partition.engine.run.Pace;
import liquibase.ext.partition.engine.run.StepRun;
import liquibase.ext.partition.engine.sql.Identifier;
import liquibase.ext.partition.engine.swap.BackupDrop;
import liquibase.statement.SqlStatement;

/** Drops the backup, once every row of it has been found in the live table. */
@DatabaseChange(
        name = "dropBackup",
        description = "Ends reverse capture and drops the backup, after comparing it with the live table",
        priority = 1)
public class DropBackupChange extends PartitionChange {
    private String backupTableName;
    private String deltaTableName;
    private String lockTimeout;
    private String lockAttempts;
    private String workers;
    private String chunkTime;
    private String pauseBetweenChunks;
    private String maxReplicaLag;
    private String maxLoad;
    private String throttleQuery;
    private String window;
    private String maxDuration;

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
            description = "Name of the delta table; the table's with _delta where it is not given",
            exampleValue = "orders_delta",
            requiredForDatabase = OPTIONAL,
            supportsDatabase = POSTGRESQL)
    public String getDeltaTableName() {
        return deltaTableName;
    }

    public void setDeltaTableName(String deltaTableName) {
        this.deltaTableName = deltaTableName;
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
            description = "How many connections work at a time; 1 where it is not given",
            exampleValue = "4",
            requiredForDatabase = OPTIONAL,
            supportsDatabase = POSTGRESQL)
    public String getWorkers() {
        return workers;
    }

    public void setWorkers(String workers) {
        this.workers = workers;
    }

    @DatabaseChangeProperty(
            description =
                    "How long a piece of work (a chunk, a batch), which is one transaction, should take: a number with ms, s or min; its size follows. 2s where it is not given",
            exampleValue = "500ms",
            requiredForDatabase = OPTIONAL,
            supportsDatabase = POSTGRESQL)
    public String getChunkTime() {
        return chunkTime;
    }

    public void setChunkTime(String chunkTime) {
        this.chunkTime = chunkTime;
    }

    @DatabaseChangeProperty(
            description =
                    "How long each worker rests after a piece of work (a chunk, a batch, an index): a number with ms, s or min; not at all where it is not given",
            exampleValue = "200ms",
            requiredForDatabase = OPTIONAL,
            supportsDatabase = POSTGRESQL)
    public String getPauseBetweenChunks() {
        return pauseBetweenChunks;
    }

    public void setPauseBetweenChunks(String pauseBetweenChunks) {
        this.pauseBetweenChunks = pauseBetweenChunks;
    }

    @DatabaseChangeProperty(
            description = "Nothing is begun while a replica is further behind, or cannot be observed",
            exampleValue = "10s",
            requiredForDatabase = OPTIONAL,
            supportsDatabase = POSTGRESQL)
    public String getMaxReplicaLag() {
        return maxReplicaLag;
    }

    public void setMaxReplicaLag(String maxReplicaLag) {
        this.maxReplicaLag = maxReplicaLag;
    }

    @DatabaseChangeProperty(
            description = "Nothing is begun while more sessions than this are active, ours not counted",
            exampleValue = "16",
            requiredForDatabase = OPTIONAL,
            supportsDatabase = POSTGRESQL)
    public String getMaxLoad() {
        return maxLoad;
    }

    public void setMaxLoad(String maxLoad) {
        this.maxLoad = maxLoad;
    }

    @DatabaseChangeProperty(
            description = "Nothing is begun while this query gives true",
            exampleValue = "SELECT count(*) > 100 FROM jobs",
            requiredForDatabase = OPTIONAL,
            supportsDatabase = POSTGRESQL)
    public String getThrottleQuery() {
        return throttleQuery;
    }

    public void setThrottleQuery(String throttleQuery) {
        this.throttleQuery = throttleQuery;
    }

    @DatabaseChangeProperty(
            description = "The hours of the day in which work is begun, in UTC or in the time zone named after them",
            exampleValue = "22:00-06:00 Europe/Berlin",
            requiredForDatabase = OPTIONAL,
            supportsDatabase = POSTGRESQL)
    public String getWindow() {
        return window;
    }

    public void setWindow(String window) {
        this.window = window;
    }

    @DatabaseChangeProperty(
            description =
                    "How long a run may take; after it nothing is begun, and it ends with what it has: run update again. What has to be done whole is done to its end once it is begun",
            exampleValue = "50min",
            requiredForDatabase = OPTIONAL,
            supportsDatabase = POSTGRESQL)
    public String getMaxDuration() {
        return maxDuration;
    }

    public void setMaxDuration(String maxDuration) {
        this.maxDuration = maxDuration;
    }

    @Override
    protected List<Runnable> attributeChecks() {
        return List.of(
                () -> Attributes.name("backupTableName", backup().name()),
                () -> Attributes.name("deltaTableName", delta().name()),
                () -> LockAttributes.policy(lockTimeout, lockAttempts),
                this::workerCount,
                this::pace);
    }

    @Override
    protected Set<String> tuningAttributes() {
        return with(Pace.NAMES, "lockTimeout", "lockAttempts", "workers");
    }

    @Override
    protected void execute(StepRun run) throws SQLException {
        BackupDrop.run(run, backup(), LockAttributes.policy(lockTimeout, lockAttempts), workerCount(), pace());
    }

    @Override
    public SqlStatement[] generateRollbackStatements(Database database) throws RollbackImpossibleException {
        throw new RollbackImpossibleException(
                "The backup of %s was dropped, and only a restore brings it back. The partitioned table is untouched. To leave it as it is and still roll back other changesets, use rollback-count or a tag after %s."
                        .formatted(
                                source(database),
                                getChangeSet() == null
                                        ? "this changeset"
                                        : getChangeSet().getId()));
    }

    @Override
    protected void rollBack(StepRun run) {
        // Not called; see above.
    }

    private Identifier backup() {
        return nameOr(backupTableName, "_old");
    }

    private Identifier delta() {
        return nameOr(deltaTableName, "_delta");
    }

    private Map<String, String> pace() {
        return new PaceAttributes()
                .with("chunkTime", chunkTime)
                .with("pauseBetweenChunks", pauseBetweenChunks)
                .with("maxReplicaLag", maxReplicaLag)
                .with("maxLoad", maxLoad)
                .with("throttleQuery", throttleQuery)
                .with("window", window)
                .with("maxDuration", maxDuration)
                .checked();
    }

    private int workerCount() {
        return Math.toIntExact(Attributes.positive("workers", workers, 1));
    }
}
