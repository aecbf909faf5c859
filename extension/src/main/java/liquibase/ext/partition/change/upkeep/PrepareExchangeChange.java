package liquibase.ext.partition.change.upkeep;

import java.sql.SQLException;
import java.time.LocalDate;
import java.util.List;
import java.util.Optional;
import liquibase.change.DatabaseChange;
import liquibase.change.DatabaseChangeProperty;
import liquibase.database.Database;
import liquibase.ext.partition.attribute.MadeTable;
import liquibase.ext.partition.attribute.StepName;
import liquibase.ext.partition.change.NewTableChange;
import liquibase.ext.partition.engine.exchange.ExchangeChecks;
import liquibase.ext.partition.engine.exchange.ExchangePreparation;
import liquibase.ext.partition.engine.exchange.ExchangeSpec;
import liquibase.ext.partition.engine.lock.LockPolicy;
import liquibase.ext.partition.engine.partitioning.PartitionInterval;
import liquibase.ext.partition.engine.partitioning.PartitionLayout;
import liquibase.ext.partition.engine.prepare.Preparation;
import liquibase.ext.partition.engine.run.StepRun;
import liquibase.ext.partition.engine.sql.Identifier;
import liquibase.ext.partition.step.Review;
import liquibase.ext.partition.step.Undo;

/** Makes the partitions that will take the place of a partition, in a staging table. */
@DatabaseChange(
        name = "prepareExchange",
        description = "Creates the partitions that will take the place of a partition",
        priority = 1)
public class PrepareExchangeChange extends NewTableChange {
    private String interval;
    private String from;
    private String until;
    private String partitionPrefix;
    private String throughTableName;

    @DatabaseChangeProperty(
            description =
                    "The last of several partitions that leave together; tableName is the first then, and those between them leave, too",
            exampleValue = "orders_202412",
            requiredForDatabase = OPTIONAL,
            supportsDatabase = POSTGRESQL)
    public String getThroughTableName() {
        return throughTableName;
    }

    public void setThroughTableName(String throughTableName) {
        this.throughTableName = throughTableName;
    }

    @DatabaseChangeProperty(
            description = "The span of a new partition: day, week, month, quarter or year; month where it is not given",
            exampleValue = "day",
            requiredForDatabase = OPTIONAL,
            supportsDatabase = POSTGRESQL)
    public String getInterval() {
        return interval;
    }

    public void setInterval(String interval) {
        this.interval = interval;
    }

    @DatabaseChangeProperty(
            description =
                    "The first interval that gets a partition; required for a default partition, where another one begins where it is not given",
            exampleValue = "2024-01",
            requiredForDatabase = OPTIONAL,
            supportsDatabase = POSTGRESQL)
    public String getFrom() {
        return from;
    }

    public void setFrom(String from) {
        this.from = from;
    }

    @DatabaseChangeProperty(
            description =
                    "The first interval without a new partition; required for a default partition, where another one ends where it is not given",
            exampleValue = "2026-01",
            requiredForDatabase = OPTIONAL,
            supportsDatabase = POSTGRESQL)
    public String getUntil() {
        return until;
    }

    public void setUntil(String until) {
        this.until = until;
    }

    @DatabaseChangeProperty(
            description = "The beginning of the new partitions' names",
            exampleValue = "orders_",
            requiredForDatabase = POSTGRESQL,
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
        checks.add(() -> require("partitionPrefix", partitionPrefix));
        checks.add(this::interval);
        checks.add(() -> day("from", from));
        checks.add(() -> day("until", until));
        checks.add(() -> {
            if (from != null && until != null && partitionPrefix != null) {
                new PartitionLayout(
                        partitionPrefix,
                        interval(),
                        day("from", from).orElseThrow(),
                        day("until", until).orElseThrow());
            }
        });
        return checks;
    }

    private PartitionInterval interval() {
        return interval == null ? PartitionInterval.MONTH : PartitionInterval.parse(interval);
    }

    /** A partition need not begin with an interval; whether one begins there is found out with its bounds. */
    private static Optional<LocalDate> day(String attribute, String text) {
        return Optional.ofNullable(text).map(it -> PartitionInterval.DAY.parseBound(attribute, it));
    }

    @Override
    public StepName stepName() {
        return StepName.PREPARE_EXCHANGE;
    }

    @Override
    protected void execute(StepRun run) throws SQLException {
        ExchangePreparation.run(
                run,
                new ExchangeSpec(
                        run.source(),
                        Optional.ofNullable(throughTableName)
                                .map(Identifier::new)
                                .map(run.source()::sibling),
                        new Identifier(name(MadeTable.NEW_TABLE).name()),
                        partitionPrefix,
                        interval(),
                        day("from", from),
                        day("until", until)));
    }

    @Override
    public Undo undo(Database database) {
        return new Undo.By(run -> {
            ExchangeChecks.removeLeft(run, new LockPolicy(LockPolicy.DEFAULT_TIMEOUT, LockPolicy.DEFAULT_ATTEMPTS));
            Preparation.undo(run);
        });
    }

    @Override
    public Review review(Database database) {
        return Review.NOTHING;
    }
}
