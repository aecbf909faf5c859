package liquibase.ext.partition.change;

import java.sql.SQLException;
import java.util.Collections;
import java.util.List;
import java.util.Set;
import liquibase.change.DatabaseChange;
import liquibase.database.Database;
import liquibase.ext.partition.attribute.Tuning;
import liquibase.ext.partition.attribute.TuningAttribute;
import liquibase.ext.partition.engine.copy.ChunkedCopy;
import liquibase.ext.partition.engine.run.StepRun;
import liquibase.ext.partition.engine.state.Chunk;

/** Copies the table into the new table, chunk by chunk. */
@DatabaseChange(
        name = "chunkedCopy",
        description = "Copies a live table into its partitioned successor in chunks, and resumes where it was stopped",
        priority = 1)
public class ChunkedCopyChange extends DeltaChange {

    @Override
    protected Set<TuningAttribute> tuningAttributes() {
        return TuningAttribute.with(
                TuningAttribute.PACE, TuningAttribute.CHUNK_SIZE, TuningAttribute.WORKERS, TuningAttribute.RESTART);
    }

    @Override
    protected void execute(StepRun run) throws SQLException {
        requireRecordedNames(run);
        ChunkedCopy.of(run)
                .copy(
                        chunkSize(tuning()),
                        tuning().workers(),
                        RestartedCopy.isAsked(tuning().text(TuningAttribute.RESTART), run.source()),
                        tuning().pace());
    }

    static long chunkSize(Tuning tuning) {
        return tuning.positive(TuningAttribute.CHUNK_SIZE, ChunkedCopy.UNBOUNDED);
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
}
