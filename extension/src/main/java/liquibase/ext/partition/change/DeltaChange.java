package liquibase.ext.partition.change;

import java.sql.SQLException;
import java.util.List;
import java.util.Optional;
import liquibase.change.DatabaseChangeProperty;
import liquibase.database.Database;
import liquibase.ext.partition.engine.run.StepRun;
import liquibase.ext.partition.engine.sql.Identifier;
import liquibase.ext.partition.engine.sql.QualifiedName;
import liquibase.ext.partition.engine.state.Migration;

/** A change that works on the new table with the delta table's help. */
public abstract class DeltaChange extends NewTableChange {
    private String deltaTableName;
    private String keyColumns;

    @DatabaseChangeProperty(
            description = "Name of the delta table; the table's with _delta where it is not given",
            exampleValue = "orders_delta",
            requiredForDatabase = OPTIONAL,
            supportsDatabase = POSTGRESQL)
    public String getDeltaTableName() {
        return deltaTableName;
    }

    public void setDeltaTableName(String deltaTableName) {
        this.deltaTableName = deltaTableName;
    }

    @DatabaseChangeProperty(
            description = "The columns that tell rows apart, with commas between them: NOT NULL, and unique together",
            exampleValue = "id",
            requiredForDatabase = POSTGRESQL,
            supportsDatabase = POSTGRESQL)
    public String getKeyColumns() {
        return keyColumns;
    }

    public void setKeyColumns(String keyColumns) {
        this.keyColumns = keyColumns;
    }

    @Override
    protected List<Runnable> attributeChecks() {
        List<Runnable> checks = super.attributeChecks();
        checks.add(() -> Attributes.name("deltaTableName", delta().name()));
        checks.add(() -> {
            require("keyColumns", keyColumns);
            key();
        });
        return checks;
    }

    protected Identifier delta() {
        return nameOr(deltaTableName, "_delta");
    }

    protected QualifiedName delta(Database database) {
        return source(database).sibling(delta());
    }

    protected List<Identifier> key() {
        return Attributes.names("keyColumns", keyColumns);
    }

    @Override
    protected void requireRecordedNames(StepRun run) throws SQLException {
        super.requireRecordedNames(run);
        Optional<Migration> migration = run.migrations().find(run.source());
        if (migration.isPresent() && migration.get().deltaTableName().isPresent()) {
            requireRecorded(
                    "deltaTableName", delta(), migration.get().deltaTableName().get());
            requireRecorded("keyColumns", key(), migration.get().keyColumns());
        }
    }
}
