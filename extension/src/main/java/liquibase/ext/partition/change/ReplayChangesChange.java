package liquibase.ext.partition.change;

import java.sql.SQLException;
import java.util.ArrayList;
import java.util.List;
import liquibase.change.DatabaseChange;
import liquibase.database.Database;
import liquibase.ext.partition.attribute.StepName;
import liquibase.ext.partition.attribute.TuningAttribute;
import liquibase.ext.partition.engine.delta.replay.Replay;
import liquibase.ext.partition.engine.delta.replay.ReplayStep;
import liquibase.ext.partition.engine.newtable.RowShape;
import liquibase.ext.partition.engine.run.StepRun;
import liquibase.ext.partition.engine.state.Phase;
import liquibase.ext.partition.step.Review;
import liquibase.ext.partition.step.Undo;

/** Catches up with the writers. */
@DatabaseChange(
        name = "replayChanges",
        description = "Brings the keys in the delta table up to date in the new table, until few are left",
        priority = 1)
public class ReplayChangesChange extends DeltaChange {

    @Override
    public StepName stepName() {
        return StepName.REPLAY_CHANGES;
    }

    @Override
    protected void execute(StepRun run) throws SQLException {
        restartCopy(run, Phase.INDEXED);
        ReplayStep.run(
                run, tuning().positive(TuningAttribute.BATCH_SIZE, ReplayStep.DEFAULT_BATCH_SIZE), tuning().pace());
    }

    /** Replayed or not, the rows of the new table are removed by the rollback of the copy. */
    @Override
    public Undo undo(Database database) {
        return new Undo.Nothing();
    }

    @Override
    public Review review(Database database) {
        List<String> comments = new ArrayList<>();
        shown(database).ifPresent(shown -> {
            comments.add("Batch by batch, each in a READ COMMITTED transaction:");
            new Replay(
                            shown.capture(),
                            shown.match(),
                            shown.routes(),
                            new Replay.Side(source(database), RowShape.SOURCE),
                            new Replay.Side(newTable(database), RowShape.NEW),
                            shown.source().writableColumns())
                    .batchStatements(0, 1)
                    .forEach(statement -> comments.add(statement.script() + ";"));
        });
        return Review.comments(comments);
    }
}
