package liquibase.ext.partition.change;

import java.sql.SQLException;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import liquibase.change.DatabaseChangeProperty;
import liquibase.database.Database;
import liquibase.ext.partition.attribute.Attributes;
import liquibase.ext.partition.attribute.TuningAttribute;
import liquibase.ext.partition.engine.PartitionException;
import liquibase.ext.partition.engine.run.StepRun;
import liquibase.ext.partition.engine.sql.Identifier;
import liquibase.ext.partition.engine.sql.QualifiedName;
import liquibase.ext.partition.engine.state.Migration;
import liquibase.ext.partition.engine.state.Phase;

/** A change that works on the new table. */
public abstract class NewTableChange extends PartitionChange {
    private String newTableName;

    @DatabaseChangeProperty(
            description = "Name of the new table; the table's with _new where it is not given",
            exampleValue = "orders_new",
            requiredForDatabase = OPTIONAL,
            supportsDatabase = POSTGRESQL)
    public String getNewTableName() {
        return newTableName;
    }

    public void setNewTableName(String newTableName) {
        this.newTableName = newTableName;
    }

    @Override
    protected List<Runnable> attributeChecks() {
        List<Runnable> checks = new ArrayList<>();
        checks.add(() -> Attributes.madeName("newTableName", newTable().name(), getTableName()));
        return checks;
    }

    /** The new table's own name. */
    protected Identifier newTable() {
        return nameOr(newTableName, "_new");
    }

    protected QualifiedName newTable(Database database) {
        return source(database).sibling(newTable());
    }

    /**
     * Requires that the names that the changeset shows to its reviewers are those that the migration began with.
     *
     * @throws PartitionException when they differ
     */
    protected void requireRecordedNames(StepRun run) throws SQLException {
        Optional<Migration> migration = run.migrations().find(run.source());
        if (migration.isPresent()) {
            requireRecorded("newTableName", newTable(), migration.get().newTableName());
        }
    }

    /**
     * Starts the copy over, or goes on with it, as far as the step needs it. Each step after the copy calls this first.
     */
    protected void restartCopy(StepRun run, Phase goal) throws SQLException {
        RestartedCopy.upTo(
                goal,
                run,
                tuning().text(TuningAttribute.RESTART),
                getChangeSet(),
                getSchemaName(),
                getTableName(),
                tuning());
    }

    protected static void requireRecorded(String attribute, Object given, Object recorded) {
        if (!given.equals(recorded)) {
            throw new PartitionException(
                    "%s is %s here, but the migration was begun with %s. Nothing was changed. Make the changesets of one table agree."
                            .formatted(attribute, given, recorded));
        }
    }
}
