package liquibase.ext.partition.change.upkeep;

import java.sql.SQLException;
import java.util.List;
import liquibase.Scope;
import liquibase.change.DatabaseChange;
import liquibase.database.Database;
import liquibase.exception.DatabaseException;
import liquibase.exception.UnexpectedLiquibaseException;
import liquibase.ext.partition.attribute.StepName;
import liquibase.ext.partition.change.PartitionChange;
import liquibase.ext.partition.connection.LiquibaseEnvironment;
import liquibase.ext.partition.engine.retirement.RetiredDrop;
import liquibase.ext.partition.engine.run.StepRun;
import liquibase.ext.partition.engine.sql.Session;
import liquibase.ext.partition.engine.sql.Sql;
import liquibase.ext.partition.step.RecordedChangesets;
import liquibase.ext.partition.step.Review;
import liquibase.ext.partition.step.Undo;

/** Drops what retirePartitions has taken out of a table to be dropped. Its changeset runs always. */
@DatabaseChange(
        name = "dropRetiredPartitions",
        description = "Drops the partitions that have left a table to be dropped",
        priority = 1)
public class DropRetiredPartitionsChange extends PartitionChange {
    @Override
    public StepName stepName() {
        return StepName.DROP_RETIRED_PARTITIONS;
    }

    @Override
    protected boolean isDue(Session session, Database database) throws SQLException {
        return session.whilePinned(
                () -> RetiredDrop.isDue(session, LiquibaseEnvironment.state(database), source(database)));
    }

    @Override
    protected void execute(StepRun run) throws SQLException {
        RetiredDrop.run(run, tuning().lock(), Scope.getCurrentScope().getDeploymentId());
    }

    /**
     * Brings back what the run that Liquibase has a record of has dropped, if it was archived; refuses if it was not,
     * and does nothing if nothing was dropped.
     */
    @Override
    public Undo undo(Database database) {
        try {
            return RecordedChangesets.of(database)
                    .deploymentOf(getChangeSet())
                    .<Undo>map(deployment -> new Undo.By(run -> RetiredDrop.undo(run, tuning().lock(), deployment)))
                    .orElseGet(Undo.Nothing::new);
        } catch (DatabaseException e) {
            throw new UnexpectedLiquibaseException(e.getMessage(), e);
        }
    }

    /** A comment, as that of the retirement. */
    @Override
    public Review review(Database database) throws SQLException {
        boolean isDue = LiquibaseEnvironment.isOnline(database)
                && RetiredDrop.isDue(session(), LiquibaseEnvironment.state(database), source(database));
        String what = isDue
                ? "some partitions that have left %s wait for their drop. Not a script but an update drops them: liquibase update --label-filter=upkeep"
                : "no partition that has left %s waits for its drop";
        return Review.script(List.of(Sql.raw("-- dropRetiredPartitions: " + what.formatted(source(database)))));
    }
}
