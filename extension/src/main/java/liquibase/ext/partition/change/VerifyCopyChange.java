package liquibase.ext.partition.change;

import java.sql.SQLException;
import java.util.List;
import liquibase.change.DatabaseChange;
import liquibase.database.Database;
import liquibase.ext.partition.attribute.StepName;
import liquibase.ext.partition.attribute.TuningAttribute;
import liquibase.ext.partition.engine.newtable.RowShape;
import liquibase.ext.partition.engine.run.StepRun;
import liquibase.ext.partition.engine.state.Chunk;
import liquibase.ext.partition.engine.state.Phase;
import liquibase.ext.partition.engine.verify.Comparison;
import liquibase.ext.partition.engine.verify.Verification;
import liquibase.ext.partition.step.Review;
import liquibase.ext.partition.step.Undo;

/** Compares the table with the new table. */
@DatabaseChange(
        name = "verifyCopy",
        description = "Compares a table with its partitioned successor, both ways, and records the result",
        priority = 1)
public class VerifyCopyChange extends DeltaChange {

    @Override
    public StepName stepName() {
        return StepName.VERIFY_COPY;
    }

    @Override
    protected void execute(StepRun run) throws SQLException {
        restartCopy(run, Phase.REPLAYED);
        Verification.verifyCopy(
                run,
                tuning().positive(TuningAttribute.CHUNK_SIZE, Comparison.DEFAULT_CHUNK_SIZE),
                tuning().workers(),
                tuning().pace(),
                tuning().maxDefaultShare().orElse(null));
    }

    @Override
    public Undo undo(Database database) {
        return new Undo.By(Verification::forget);
    }

    @Override
    public Review review(Database database) {
        return Review.comments(shown(database)
                .map(shown -> List.of(
                        "Chunk by chunk, both ways:",
                        new Comparison(
                                        source(database),
                                        List.of(source(database)),
                                        newTable(database),
                                        List.of(),
                                        shown.capture(),
                                        RowShape.SOURCE,
                                        shown.match(),
                                        shown.routes(),
                                        shown.source().writableColumns(),
                                        List.of())
                                .statement(new Chunk(0, 1))
                                .script()))
                .orElse(List.of()));
    }
}
