package liquibase.ext.partition.change;

import java.sql.SQLException;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import liquibase.change.DatabaseChange;
import liquibase.change.DatabaseChangeProperty;
import liquibase.database.Database;
import liquibase.exception.DatabaseException;
import liquibase.ext.partition.attribute.Attributes;
import liquibase.ext.partition.attribute.MadeTable;
import liquibase.ext.partition.attribute.StepName;
import liquibase.ext.partition.connection.LiquibaseEnvironment;
import liquibase.ext.partition.engine.catalog.Table;
import liquibase.ext.partition.engine.catalog.TableReader;
import liquibase.ext.partition.engine.delta.Capture;
import liquibase.ext.partition.engine.delta.CaptureStep;
import liquibase.ext.partition.engine.delta.CapturedTable;
import liquibase.ext.partition.engine.lock.LockPolicy;
import liquibase.ext.partition.engine.run.StepRun;
import liquibase.ext.partition.engine.sql.Identifier;
import liquibase.ext.partition.engine.sql.QualifiedName;
import liquibase.ext.partition.engine.sql.SearchPath;
import liquibase.ext.partition.engine.sql.Session;
import liquibase.ext.partition.engine.sql.Sql;
import liquibase.ext.partition.engine.state.Migration;
import liquibase.ext.partition.engine.state.Migrations;
import liquibase.ext.partition.engine.state.StateTables;
import liquibase.ext.partition.statement.PrintedStep;
import liquibase.ext.partition.step.Review;
import liquibase.ext.partition.step.Undo;

/** Makes the delta table and the triggers that fill it. */
@DatabaseChange(
        name = "captureChanges",
        description = "Captures the keys of all rows that are written from now on in a delta table",
        priority = 1)
public class CaptureChangesChange extends PartitionChange {
    private static final Sql IS_ON = Sql.of("m.delta_table = {delta}");

    private String keyColumns;
    private String partitionColumns;

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

    @DatabaseChangeProperty(
            description =
                    "The columns that decide a row's partition, kept beside the key; as createPartitionedTable recorded them where not given",
            exampleValue = "created_at",
            requiredForDatabase = OPTIONAL,
            supportsDatabase = POSTGRESQL)
    public String getPartitionColumns() {
        return partitionColumns;
    }

    public void setPartitionColumns(String partitionColumns) {
        this.partitionColumns = partitionColumns;
    }

    @Override
    protected List<Runnable> attributeChecks() {
        return List.of(
                () -> {
                    require("keyColumns", keyColumns);
                    key();
                },
                () -> {
                    if (partitionColumns != null) {
                        Attributes.names("partitionColumns", partitionColumns);
                    }
                });
    }

    @Override
    public StepName stepName() {
        return StepName.CAPTURE_CHANGES;
    }

    @Override
    protected void requireAgreement(Migration migration) {
        if (partitionColumns != null) {
            requireRecorded(
                    "partitionColumns",
                    Attributes.names("partitionColumns", partitionColumns),
                    migration.partitionColumns());
        }
    }

    @Override
    protected void execute(StepRun run) throws SQLException {
        CaptureStep.start(run, delta(), key(), tuning().lock());
    }

    @Override
    public Undo undo(Database database) {
        return new Undo.By(run -> CaptureStep.stop(run, tuning().lock()));
    }

    /** Takes the partition columns from the attribute; or from the migration, if createPartitionedTable has run. */
    @Override
    public Review review(Database database) throws SQLException, DatabaseException {
        if (!LiquibaseEnvironment.isOnline(database)) {
            return Review.NOTHING;
        }
        QualifiedName source = source(database);
        Session session = session();
        StateTables state = LiquibaseEnvironment.state(database);
        Optional<Migration> migration = new Migrations(session, state).find(source);
        Optional<List<Identifier>> recorded = partitionColumns == null
                ? migration.map(Migration::partitionColumns)
                : Optional.of(Attributes.names("partitionColumns", partitionColumns));
        Optional<Table> table = new TableReader(session).find(source);
        if (recorded.isEmpty() || table.isEmpty()) {
            return Review.NOTHING;
        }
        Capture capture = new Capture(source.sibling(delta()), key(), recorded.get());
        return Review.script(inTransaction(
                database,
                CaptureStep.statements(
                        session,
                        state,
                        capture,
                        table.get(),
                        migration.map(CapturedTable::ofOrigin).orElse(CapturedTable.ordinary(source)))));
    }

    /** The statements as a script: one attempt at the lock, all or nothing. */
    private List<Sql> inTransaction(Database database, List<Sql> statements) {
        LockPolicy lock = tuning().lock();
        List<Sql> script = new ArrayList<>(List.of(Sql.of("BEGIN"), SearchPath.pinScript(), lock.setTimeout()));
        script.addAll(statements);
        script.add(Sql.of("COMMIT"));
        script.add(PrintedStep.endUnless(this, database, IS_ON.with("delta", delta().name())));
        return script;
    }

    private Identifier delta() {
        return name(MadeTable.DELTA_TABLE);
    }

    private List<Identifier> key() {
        return Attributes.names("keyColumns", keyColumns);
    }
}
