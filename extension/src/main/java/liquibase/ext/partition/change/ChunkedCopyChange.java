package liquibase.ext.partition.change;

import java.sql.SQLException;
import java.util.Collections;
import java.util.List;
import liquibase.change.DatabaseChange;
import liquibase.database.Database;
import liquibase.ext.partition.attribute.StepName;
import liquibase.ext.partition.attribute.TuningAttribute;
import liquibase.ext.partition.engine.copy.ChunkedCopy;
import liquibase.ext.partition.engine.run.StepRun;
import liquibase.ext.partition.engine.state.Chunk;
import liquibase.ext.partition.step.RestartedCopy;
import liquibase.ext.partition.step.Review;
import liquibase.ext.partition.step.Undo;

/** Copies the table into the new table, chunk by chunk. */
@DatabaseChange(
        name = "chunkedCopy",
        description = "Copies a live table into its partitioned successor in chunks, and resumes where it was stopped",
        priority = 1)
public class ChunkedCopyChange extends DeltaChange {

    @Override
    public StepName stepName() {
        return StepName.CHUNKED_COPY;
    }

    @Override
    protected void execute(StepRun run) throws SQLException {
        ChunkedCopy.of(run)
                .copy(
                        tuning().positive(TuningAttribute.CHUNK_SIZE, ChunkedCopy.UNBOUNDED),
                        tuning().workers(),
                        RestartedCopy.isAsked(tuning().text(TuningAttribute.RESTART), run.source()),
                        tuning().pace());
    }

    @Override
    public Undo undo(Database database) {
        return new Undo.By(ChunkedCopy::forget);
    }

    @Override
    public Review review(Database database) {
        return Review.comments(shown(database)
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
                .orElse(List.of()));
    }
}
