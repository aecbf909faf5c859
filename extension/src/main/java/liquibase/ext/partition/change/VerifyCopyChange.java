package liquibase.ext.partition.change;

import java.sql.SQLException;
import java.util.List;
import java.util.Set;
import liquibase.change.DatabaseChange;
import liquibase.change.DatabaseChangeProperty;
import liquibase.database.Database;
import liquibase.ext.partition.engine.run.StepRun;
import liquibase.ext.partition.engine.state.Chunk;
import liquibase.ext.partition.engine.target.RowShape;
import liquibase.ext.partition.engine.verify.Comparison;
import liquibase.ext.partition.engine.verify.Verification;

/** Compares the table with the new table. */
@DatabaseChange(
        name = "verifyCopy",
        description = "Compares a table with its partitioned successor, both ways, and records the result",
        priority = 1)
public class VerifyCopyChange extends PacedDeltaChange {
    private String chunkSize;
    private String workers;

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

    @Override
    protected List<Runnable> attributeChecks() {
        List<Runnable> checks = super.attributeChecks();
        checks.add(this::chunkRows);
        checks.add(this::workerCount);
        return checks;
    }

    @Override
    protected Set<String> tuningAttributes() {
        return with(super.tuningAttributes(), "chunkSize", "workers");
    }

    @Override
    protected void execute(StepRun run) throws SQLException {
        requireRecordedNames(run);
        Verification.verifyCopy(run, chunkRows(), workerCount(), pace());
    }

    @Override
    protected void rollBack(StepRun run) throws SQLException {
        Verification.forget(run);
    }

    @Override
    protected List<String> comments(Database database) {
        return shown(database)
                .map(shown -> List.of(
                        "Chunk by chunk, both ways:",
                        new Comparison(
                                        source(database),
                                        newTable(database),
                                        shown.capture(),
                                        RowShape.SOURCE,
                                        shown.match(),
                                        shown.routes(),
                                        shown.source().writableColumns())
                                .statement(new Chunk(0, 1))
                                .script()))
                .orElse(List.of());
    }

    private long chunkRows() {
        return Attributes.positive("chunkSize", chunkSize, Comparison.DEFAULT_CHUNK_SIZE);
    }

    private int workerCount() {
        return Math.toIntExact(Attributes.positive("workers", workers, 1));
    }
}
