package liquibase.ext.partition.change;

import java.sql.SQLException;
import java.util.List;
import java.util.Map;
import java.util.Set;
import liquibase.change.DatabaseChange;
import liquibase.change.DatabaseChangeProperty;
import liquibase.ext.partition.engine.index.IndexBuild;
import liquibase.ext.partition.engine.run.Pace;
import liquibase.ext.partition.engine.run.StepRun;

/** Builds the table's indexes on the new table. */
@DatabaseChange(
        name = "buildIndexes",
        description = "Builds every index and the key of a table on its partitioned successor, partition by partition",
        priority = 1)
public class BuildIndexesChange extends NewTableChange {
    private String workers;
    private String pauseBetweenChunks;
    private String maxReplicaLag;
    private String maxLoad;
    private String throttleQuery;
    private String window;
    private String maxDuration;

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
        List<Runnable> checks = super.attributeChecks();
        checks.add(this::workerCount);
        checks.add(this::pace);
        return checks;
    }

    @Override
    protected Set<String> tuningAttributes() {
        return with(Pace.NAMES, "workers");
    }

    @Override
    protected void execute(StepRun run) throws SQLException {
        requireRecordedNames(run);
        IndexBuild.of(run).build(workerCount(), pace());
    }

    @Override
    protected void rollBack(StepRun run) throws SQLException {
        IndexBuild.drop(run);
    }

    private Map<String, String> pace() {
        return new PaceAttributes()
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
