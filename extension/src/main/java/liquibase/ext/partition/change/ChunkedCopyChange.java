package liquibase.ext.partition.change;

import java.sql.SQLException;
import java.util.Collections;
import java.util.List;
import java.util.Set;
import liquibase.change.DatabaseChange;
import liquibase.change.DatabaseChangeProperty;
import liquibase.database.Database;
import liquibase.ext.partition.TableSelection;
import liquibase.ext.partition.engine.copy.ChunkedCopy;
import liquibase.ext.partition.engine.run.StepRun;
import liquibase.ext.partition.engine.state.Chunk;

/** Copies the table into the new table, chunk by chunk. */
@DatabaseChange(
        name = "chunkedCopy",
        description = "Copies a live table into its partitioned successor in chunks, and resumes where it was stopped",
        priority = 1)
public class ChunkedCopyChange extends PacedDeltaChange {
    private String chunkSize;
    private String workers;
    private String restart;

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

    @Override
    protected List<Runnable> attributeChecks() {
        List<Runnable> checks = super.attributeChecks();
        checks.add(this::chunkRows);
        checks.add(this::workerCount);
        return checks;
    }

    @Override
    protected Set<String> tuningAttributes() {
        return with(super.tuningAttributes(), "chunkSize", "workers", "restart");
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

    private long chunkRows() {
        return Attributes.positive("chunkSize", chunkSize, ChunkedCopy.UNBOUNDED);
    }

    private int workerCount() {
        return Math.toIntExact(Attributes.positive("workers", workers, 1));
    }
}
