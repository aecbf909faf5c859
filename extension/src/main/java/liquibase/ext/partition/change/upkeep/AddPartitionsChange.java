package liquibase.ext.partition.change.upkeep;

import java.sql.SQLException;
import java.util.List;
import liquibase.change.DatabaseChange;
import liquibase.database.Database;
import liquibase.ext.partition.attribute.StepName;
import liquibase.ext.partition.change.RunwayChange;
import liquibase.ext.partition.connection.LiquibaseEnvironment;
import liquibase.ext.partition.engine.run.StepRun;
import liquibase.ext.partition.engine.sql.Session;
import liquibase.ext.partition.engine.sql.Sql;
import liquibase.ext.partition.engine.upkeep.MissingPartitions;
import liquibase.ext.partition.engine.upkeep.Upkeep;
import liquibase.ext.partition.step.Review;
import liquibase.ext.partition.step.Undo;

/**
 * Makes the partitions that are missing ahead. Its changeset runs always, so that every update makes them. Everything
 * but how far they reach is as the migration began.
 */
@DatabaseChange(
        name = "addPartitions",
        description = "Makes the partitions of a table that are missing ahead, on the live table or on the new one",
        priority = 1)
public class AddPartitionsChange extends RunwayChange {
    @Override
    protected List<Runnable> attributeChecks() {
        List<Runnable> checks = super.attributeChecks();
        checks.add(this::runway);
        return checks;
    }

    @Override
    public StepName stepName() {
        return StepName.ADD_PARTITIONS;
    }

    @Override
    protected boolean isDue(Session session, Database database) throws SQLException {
        return session.whilePinned(
                () -> Upkeep.isDue(session, LiquibaseEnvironment.state(database), source(database), runway()));
    }

    @Override
    protected void execute(StepRun run) throws SQLException {
        Upkeep.run(run, runway(), tuning().lock());
    }

    /** The partitions stay: rows may be in them. */
    @Override
    public Undo undo(Database database) {
        return new Undo.Nothing();
    }

    /**
     * A comment. The changeset is in every script, since it always runs; and it runs again with the next update,
     * although the script records it.
     */
    @Override
    public Review review(Database database) throws SQLException {
        boolean isMissing = LiquibaseEnvironment.isOnline(database)
                && !MissingPartitions.names(session(), LiquibaseEnvironment.state(database), source(database), runway())
                        .isEmpty();
        String what = isMissing
                ? "some partitions of %s are missing. Not a script but an update makes them: liquibase update --label-filter=upkeep"
                : "no partition of %s is missing";
        return Review.script(List.of(Sql.raw("-- addPartitions: " + what.formatted(source(database)))));
    }
}
