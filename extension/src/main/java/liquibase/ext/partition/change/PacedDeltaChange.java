package liquibase.ext.partition.change;

import java.util.List;
import java.util.Map;
import java.util.Set;
import liquibase.change.DatabaseChangeProperty;
import liquibase.ext.partition.engine.run.Pace;

/** A change that works with the delta table's help, can take hours, and gives way meanwhile. */
public abstract class PacedDeltaChange extends DeltaChange {
    private String chunkTime;
    private String pauseBetweenChunks;
    private String maxReplicaLag;
    private String maxLoad;
    private String throttleQuery;
    private String window;
    private String maxDuration;

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
        List<Runnable> checks = super.attributeChecks();
        checks.add(this::pace);
        return checks;
    }

    @Override
    protected Set<String> tuningAttributes() {
        return Pace.NAMES;
    }

    protected Map<String, String> pace() {
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
}
