package liquibase.ext.partition.change;

import java.sql.SQLException;
import liquibase.change.DatabaseChange;
import liquibase.database.Database;
import liquibase.ext.partition.attribute.StepName;
import liquibase.ext.partition.engine.index.IndexBuild;
import liquibase.ext.partition.engine.run.StepRun;
import liquibase.ext.partition.engine.state.Phase;
import liquibase.ext.partition.step.Review;
import liquibase.ext.partition.step.Undo;

/** Builds the table's indexes on the new table. */
@DatabaseChange(
        name = "buildIndexes",
        description = "Builds every index and the key of a table on its partitioned successor, partition by partition",
        priority = 1)
public class BuildIndexesChange extends NewTableChange {

    @Override
    public StepName stepName() {
        return StepName.BUILD_INDEXES;
    }

    @Override
    protected void execute(StepRun run) throws SQLException {
        restartCopy(run, Phase.COPIED);
        IndexBuild.of(run).build(tuning().workers(), tuning().pace());
    }

    @Override
    public Undo undo(Database database) {
        return new Undo.By(IndexBuild::drop);
    }

    @Override
    public Review review(Database database) {
        return Review.NOTHING;
    }
}
