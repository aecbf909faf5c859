package liquibase.ext.partition.change;

import java.sql.SQLException;
import java.util.Collections;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import liquibase.change.DatabaseChange;
import liquibase.change.DatabaseChangeProperty;
import liquibase.database.Database;
import liquibase.ext.partition.TableSelection;
import liquibase.ext.partition.engine.copy.ChunkedCopy;
import liquibase.ext.partition.engine.run.Pace;
import liquibase.ext.partition.engine.run.StepRun;
import liquibase.ext.partition.engine.state.Chunk;

/** Copies the table into the new table, chunk by chunk. */
@DatabaseChange(
        name = "chunkedCopy",
        description = "Copies a live table into its partitioned successor in chunks, and resumes where it was stopped",
        priority = 1)
public class ChunkedCopyChange extends DeltaChange {
    private String chunkSize;
    private String chunkTime;
    private String workers;
    private String restart;
    private String pauseBetweenChunks;
    private String maxReplicaLag;
    private String maxLoad;
    private String throttleQuery;
    private String window;
    private String maxDuration;

    @DatabaseChangeProperty(
            description =
                    "Rows a chunk holds at most, about; for chunkedCopy as many as fit into chunkTime where it is not given, for verifyCopy 100000",
            exampleValue = "500000",
            requiredForDatabase = OPTIONAL,
            supportsDatabase = POSTGRESQL)
    public String getChunkSize() {
        return chunkSize;
    }

    public void setChunkSize(String chunkSize) {
        this.chunkSize = chunkSize;
    }

    @DatabaseChangeProperty(
            description =
                    "How long a chunk, which is one transaction, should take: a number with ms, s or min; its size follows. 2s where it is not given",
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
                    "true, all, or names of tables with commas between them: starts the copy over where it names this table",
            exampleValue = "${restartCopy}",
            requiredForDatabase = OPTIONAL,
            supportsDatabase = POSTGRESQL)
    public String getRestart() {
        return restart;
    }

    public void setRestart(String restart) {
        this.restart = restart;
    }

    @DatabaseChangeProperty(
            description =
                    "How long each worker rests after a chunk: a number with ms, s or min; not at all where it is not given",
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
            description = "No chunk is begun while a replica is further behind, or cannot be observed",
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
            description = "No chunk is begun while more sessions than this are active, ours not counted",
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
            description = "No chunk is begun while this query gives true",
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
            description = "The hours of the day in which chunks are begun, in UTC or in the time zone named after them",
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
            description = "After which no chunk is begun, and the step ends with what it has: run update again",
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
        checks.add(this::chunkRows);
        checks.add(this::workerCount);
        checks.add(this::pace);
        return checks;
    }

    @Override
    protected Set<String> tuningAttributes() {
        Set<String> names = new HashSet<>(Pace.NAMES);
        names.addAll(Set.of("chunkSize", "workers", "restart"));
        return names;
    }

    @Override
    protected void execute(StepRun run) throws SQLException {
        requireRecordedNames(run);
        boolean startOver = "true".equalsIgnoreCase(restart)
                || TableSelection.parse(restart).contains(run.source());
        ChunkedCopy.of(run).copy(chunkRows(), workerCount(), startOver, pace());
    }

    @Override
    protected void rollBack(StepRun run) throws SQLException {
        ChunkedCopy.forget(run);
    }

    @Override
    protected List<String> comments(Database database) {
        return shown(database)
                .map(shown -> List.of(
                        "Chunk by chunk, each in a transaction with its checkpoint:",
                        ChunkedCopy.copyStatement(
                                        shown.source().name(),
                                        shown.routes()
                                                .of(Collections.singleton(null))
                                                .get(0),
                                        delta(database),
                                        shown.source().writableColumns(),
                                        shown.match(),
                                        new Chunk(0, 1))
                                .script()))
                .orElse(List.of());
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

    private long chunkRows() {
        return Attributes.positive("chunkSize", chunkSize, ChunkedCopy.UNBOUNDED);
    }

    private int workerCount() {
        return Math.toIntExact(Attributes.positive("workers", workers, 1));
    }
}
