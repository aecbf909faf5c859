package liquibase.ext.partition.change;

import java.sql.SQLException;
import java.util.ArrayList;
import java.util.List;
import liquibase.change.DatabaseChange;
import liquibase.change.DatabaseChangeProperty;
import liquibase.database.Database;
import liquibase.ext.partition.connection.LiquibaseEnvironment;
import liquibase.ext.partition.engine.prepare.Preparation;
import liquibase.ext.partition.engine.run.StepRun;
import liquibase.ext.partition.engine.sql.Identifier;
import liquibase.ext.partition.engine.sql.QualifiedName;
import liquibase.ext.partition.engine.sql.Sql;
import liquibase.ext.partition.engine.target.NewTable;
import liquibase.ext.partition.engine.target.PartitionInterval;
import liquibase.ext.partition.engine.target.PartitionLayout;

/** Makes the new table {@code LIKE} the source, its partitions and its default partition. */
@DatabaseChange(
        name = "createPartitionedTable",
        description = "Creates the partitioned table that will take the place of a table, with its partitions",
        priority = 1)
public class CreatePartitionedTableChange extends NewTableChange {
    private static final Sql IS_THERE = Sql.of("m.new_oid = to_regclass({newTable})::oid::bigint");

    private String partitionColumns;
    private String interval;
    private String from;
    private String until;
    private String partitionPrefix;

    @DatabaseChangeProperty(
            description = "The column that decides a row's partition: a date, timestamp or timestamptz, NOT NULL",
            exampleValue = "created_at",
            requiredForDatabase = POSTGRESQL,
            supportsDatabase = POSTGRESQL)
    public String getPartitionColumns() {
        return partitionColumns;
    }

    public void setPartitionColumns(String partitionColumns) {
        this.partitionColumns = partitionColumns;
    }

    @DatabaseChangeProperty(
            description = "The span of a partition; month where it is not given",
            exampleValue = "month",
            requiredForDatabase = OPTIONAL,
            supportsDatabase = POSTGRESQL)
    public String getInterval() {
        return interval;
    }

    public void setInterval(String interval) {
        this.interval = interval;
    }

    @DatabaseChangeProperty(
            description = "The first month that gets a partition; earlier rows go to the default partition",
            exampleValue = "2024-01",
            requiredForDatabase = POSTGRESQL,
            supportsDatabase = POSTGRESQL)
    public String getFrom() {
        return from;
    }

    public void setFrom(String from) {
        this.from = from;
    }

    @DatabaseChangeProperty(
            description = "The first month without a partition; rows from then on go to the default partition",
            exampleValue = "2027-01",
            requiredForDatabase = POSTGRESQL,
            supportsDatabase = POSTGRESQL)
    public String getUntil() {
        return until;
    }

    public void setUntil(String until) {
        this.until = until;
    }

    @DatabaseChangeProperty(
            description =
                    "What the partitions' names begin with; the table's name and an underscore where it is not given",
            exampleValue = "orders_",
            requiredForDatabase = OPTIONAL,
            supportsDatabase = POSTGRESQL)
    public String getPartitionPrefix() {
        return partitionPrefix;
    }

    public void setPartitionPrefix(String partitionPrefix) {
        this.partitionPrefix = partitionPrefix;
    }

    @Override
    protected List<Runnable> attributeChecks() {
        List<Runnable> checks = super.attributeChecks();
        checks.add(() -> {
            require("partitionColumns", partitionColumns);
            partitionColumn();
        });
        checks.add(() -> {
            require("from", from);
            require("until", until);
            layout().partitions();
        });
        return checks;
    }

    @Override
    protected boolean commitsByItself() {
        return false;
    }

    @Override
    protected void execute(StepRun run) throws SQLException {
        Preparation.run(run, plan(run.source()));
    }

    @Override
    protected void rollBack(StepRun run) throws SQLException {
        Preparation.undo(run);
    }

    @Override
    protected List<Sql> script(Database database) {
        List<Sql> script = new ArrayList<>(List.of(Sql.of("BEGIN")));
        script.addAll(Preparation.reviewStatements(LiquibaseEnvironment.state(database), plan(source(database))));
        script.add(Sql.of("COMMIT"));
        script.add(endUnless(
                database,
                IS_THERE.with("newTable", source(database).sibling(newTable()).quoted())));
        return script;
    }

    private NewTable plan(QualifiedName source) {
        return new NewTable(source, source.sibling(newTable()), partitionColumn(), layout());
    }

    private Identifier partitionColumn() {
        List<Identifier> columns = Attributes.names("partitionColumns", partitionColumns);
        if (columns.size() != 1) {
            throw new IllegalArgumentException(
                    "partitionColumns names %d columns; this version takes one.".formatted(columns.size()));
        }
        return columns.get(0);
    }

    private PartitionLayout layout() {
        return PartitionLayout.parse(
                partitionPrefix == null ? getTableName() + "_" : partitionPrefix,
                interval == null ? PartitionInterval.MONTH.word() : interval,
                from,
                until);
    }
}
