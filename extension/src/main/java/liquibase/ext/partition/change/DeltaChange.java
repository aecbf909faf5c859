package liquibase.ext.partition.change;

import java.sql.SQLException;
import java.util.List;
import java.util.Optional;
import liquibase.change.DatabaseChangeProperty;
import liquibase.database.Database;
import liquibase.ext.partition.attribute.Attributes;
import liquibase.ext.partition.attribute.MadeTable;
import liquibase.ext.partition.connection.LiquibaseEnvironment;
import liquibase.ext.partition.engine.PartitionException;
import liquibase.ext.partition.engine.catalog.Table;
import liquibase.ext.partition.engine.catalog.TableReader;
import liquibase.ext.partition.engine.delta.Capture;
import liquibase.ext.partition.engine.newtable.NewTableSpec;
import liquibase.ext.partition.engine.partitioning.Routes;
import liquibase.ext.partition.engine.rows.RowMatch;
import liquibase.ext.partition.engine.sql.Identifier;
import liquibase.ext.partition.engine.sql.QualifiedName;
import liquibase.ext.partition.engine.sql.Session;
import liquibase.ext.partition.engine.state.Migration;
import liquibase.ext.partition.engine.state.Migrations;

/** A change that works on the new table with the delta table's help. */
public abstract class DeltaChange extends NewTableChange {
    private String keyColumns;

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
        checks.add(() -> {
            require("keyColumns", keyColumns);
            key();
        });
        return checks;
    }

    protected Identifier delta() {
        return name(MadeTable.DELTA_TABLE);
    }

    protected QualifiedName delta(Database database) {
        return source(database).sibling(delta());
    }

    protected List<Identifier> key() {
        return Attributes.names("keyColumns", keyColumns);
    }

    @Override
    protected void requireAgreement(Migration migration) {
        super.requireAgreement(migration);
        migration.deltaTableName().ifPresent(recorded -> {
            requireRecorded(MadeTable.DELTA_TABLE, recorded);
            requireRecorded("keyColumns", key(), migration.keyColumns());
        });
    }

    /** Everything that a change needs to show its statements. */
    protected record Shown(Table source, RowMatch match, Routes routes, Capture capture) {}

    /**
     * The catalog's answers, for comments. Empty if the catalog cannot be read, or shows that the change would fail:
     * then validation and execution say why. Before the new table is made, rows are matched by the key alone.
     */
    protected Optional<Shown> shown(Database database) {
        if (!LiquibaseEnvironment.isOnline(database)) {
            return Optional.empty();
        }
        try {
            Session session = session();
            TableReader reader = new TableReader(session);
            Optional<Table> source = reader.find(source(database));
            Optional<Table> newTable = reader.find(newTable(database));
            Optional<Migration> migration =
                    new Migrations(session, LiquibaseEnvironment.state(database)).find(source(database));
            if (source.isEmpty()) {
                return Optional.empty();
            }
            if (migration.isEmpty() || newTable.isEmpty()) {
                return Optional.of(new Shown(
                        source.get(),
                        RowMatch.byKey(reader, key(), source.get()),
                        Routes.through(newTable(database)),
                        new Capture(delta(database), key(), key())));
            }
            NewTableSpec spec = migration.get().spec();
            return Optional.of(new Shown(
                    source.get(),
                    RowMatch.of(reader, spec, key(), source.get(), newTable.get()),
                    spec.routes(newTable(database)),
                    new Capture(delta(database), key(), spec.partitionKey().columns())));
        } catch (SQLException | PartitionException | IllegalArgumentException e) {
            return Optional.empty();
        }
    }
}
