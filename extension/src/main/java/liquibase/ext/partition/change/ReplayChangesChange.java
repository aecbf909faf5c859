package liquibase.ext.partition.change;

import java.sql.SQLException;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import liquibase.change.DatabaseChange;
import liquibase.database.Database;
import liquibase.ext.partition.attribute.TuningAttribute;
import liquibase.ext.partition.engine.delta.Replay;
import liquibase.ext.partition.engine.delta.ReplayStep;
import liquibase.ext.partition.engine.newtable.RowShape;
import liquibase.ext.partition.engine.run.StepRun;
import liquibase.ext.partition.engine.state.Phase;
import liquibase.statement.SqlStatement;

/** Catches up with the writers. */
@DatabaseChange(
        name = "replayChanges",
        description = "Brings the keys in the delta table up to date in the new table, until few are left",
        priority = 1)
public class ReplayChangesChange extends DeltaChange {

    @Override
    protected Set<TuningAttribute> tuningAttributes() {
        return TuningAttribute.with(TuningAttribute.PACE, TuningAttribute.BATCH_SIZE, TuningAttribute.RESTART);
    }

    @Override
    protected void execute(StepRun run) throws SQLException {
        requireRecordedNames(run);
        restartCopy(run, Phase.INDEXED);
        ReplayStep.run(
                run, tuning().positive(TuningAttribute.BATCH_SIZE, ReplayStep.DEFAULT_BATCH_SIZE), tuning().pace());
    }

    /**
     * Nothing needs to be undone: replayed or not, the rows of the new table are removed by the rollback of the copy.
     */
    @Override
    public SqlStatement[] generateRollbackStatements(Database database) {
        return new SqlStatement[0];
    }

    @Override
    protected void rollBack(StepRun run) {
        // Not called; see above.
    }

    @Override
    protected List<String> comments(Database database) {
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
        return comments;
    }
}
