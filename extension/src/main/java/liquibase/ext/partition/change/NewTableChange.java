package liquibase.ext.partition.change;

import java.sql.SQLException;
import liquibase.database.Database;
import liquibase.ext.partition.attribute.MadeTable;
import liquibase.ext.partition.attribute.TuningAttribute;
import liquibase.ext.partition.engine.run.StepRun;
import liquibase.ext.partition.engine.sql.Identifier;
import liquibase.ext.partition.engine.sql.QualifiedName;
import liquibase.ext.partition.engine.state.Migration;
import liquibase.ext.partition.engine.state.Phase;
import liquibase.ext.partition.step.RestartedCopy;

/** A change that works on the new table, which another one has made. */
public abstract class NewTableChange extends PartitionChange {

    /** The new table's own name. */
    protected Identifier newTable() {
        return name(MadeTable.NEW_TABLE);
    }

    protected QualifiedName newTable(Database database) {
        return source(database).sibling(newTable());
    }

    @Override
    protected void requireAgreement(Migration migration) {
        requireRecorded(MadeTable.NEW_TABLE, migration.newTableName());
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
