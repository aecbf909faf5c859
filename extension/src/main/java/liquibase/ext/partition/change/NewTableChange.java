package liquibase.ext.partition.change;

import java.sql.SQLException;
import java.util.ArrayList;
import java.util.List;
import liquibase.change.DatabaseChangeProperty;
import liquibase.database.Database;
import liquibase.ext.partition.attribute.Attributes;
import liquibase.ext.partition.attribute.TuningAttribute;
import liquibase.ext.partition.engine.run.StepRun;
import liquibase.ext.partition.engine.sql.Identifier;
import liquibase.ext.partition.engine.sql.QualifiedName;
import liquibase.ext.partition.engine.state.Migration;
import liquibase.ext.partition.engine.state.Phase;
import liquibase.ext.partition.step.RestartedCopy;

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

    @Override
    protected void requireAgreement(Migration migration) {
        requireRecorded("newTableName", newTable(), migration.newTableName());
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
}
