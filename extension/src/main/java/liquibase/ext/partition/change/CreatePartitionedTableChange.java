package liquibase.ext.partition.change;

import java.sql.SQLException;
import java.time.LocalDate;
import java.time.ZoneOffset;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.stream.Collectors;
import liquibase.change.DatabaseChange;
import liquibase.change.DatabaseChangeProperty;
import liquibase.database.Database;
import liquibase.exception.DatabaseException;
import liquibase.ext.partition.attribute.Attributes;
import liquibase.ext.partition.attribute.MadeTable;
import liquibase.ext.partition.attribute.StepName;
import liquibase.ext.partition.attribute.UnknownAttributes;
import liquibase.ext.partition.connection.LiquibaseEnvironment;
import liquibase.ext.partition.engine.catalog.Column;
import liquibase.ext.partition.engine.catalog.Table;
import liquibase.ext.partition.engine.catalog.TableReader;
import liquibase.ext.partition.engine.catalog.server.TypeName;
import liquibase.ext.partition.engine.newtable.ColumnChange;
import liquibase.ext.partition.engine.newtable.IncomingForeignKeys;
import liquibase.ext.partition.engine.newtable.NewTable;
import liquibase.ext.partition.engine.newtable.NewTableSpec;
import liquibase.ext.partition.engine.partitioning.PartitionInterval;
import liquibase.ext.partition.engine.partitioning.PartitionKeySpec;
import liquibase.ext.partition.engine.partitioning.PartitionLayout;
import liquibase.ext.partition.engine.partitioning.Routing;
import liquibase.ext.partition.engine.prepare.Preparation;
import liquibase.ext.partition.engine.refusal.ServerClock;
import liquibase.ext.partition.engine.run.StepRun;
import liquibase.ext.partition.engine.sql.Identifier;
import liquibase.ext.partition.engine.sql.QualifiedName;
import liquibase.ext.partition.engine.sql.SearchPath;
import liquibase.ext.partition.engine.sql.Session;
import liquibase.ext.partition.engine.sql.Sql;
import liquibase.ext.partition.engine.state.DefaultShare;
import liquibase.ext.partition.engine.state.Migration;
import liquibase.ext.partition.engine.state.Phase;
import liquibase.ext.partition.engine.time.Epoch;
import liquibase.ext.partition.engine.time.KeyTime;
import liquibase.ext.partition.engine.time.TextDateFormat;
import liquibase.ext.partition.statement.PrintedStep;
import liquibase.ext.partition.step.PreparationStep;
import liquibase.ext.partition.step.Review;
import liquibase.ext.partition.step.Undo;
import liquibase.parser.core.ParsedNode;
import liquibase.parser.core.ParsedNodeException;
import liquibase.resource.ResourceAccessor;

/**
 * Makes the new table {@code LIKE} the source, its partitions and its default partition.
 *
 * <p>The file is long because Liquibase wants a getter and a setter for each attribute, and this change has the most.
 */
@DatabaseChange(
        name = "createPartitionedTable",
        description = "Creates the partitioned table that will take the place of a table, with its partitions",
        priority = 1)
public class CreatePartitionedTableChange extends RunwayChange implements PreparationStep {
    private static final Sql IS_THERE =
            Sql.of("m.new_oid = pg_catalog.to_regclass({newTable})::pg_catalog.oid::bigint");

    private String partitionColumns;
    private String textFormat;
    private String epoch;
    private String keyTime;
    private String combinedColumn;
    private String interval;
    private String from;
    private String partitionPrefix;
    private String partitionSchema;
    private String routing;
    private String incomingForeignKeys;
    private List<NewColumn> columns = new ArrayList<>();

    @DatabaseChangeProperty(
            description =
                    "The columns that decide a row's partition, with commas between them: the first that has a time counts",
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
            description =
                    "How partition columns of type text write a date, in PostgreSQL's template patterns; iso where it is not given",
            exampleValue = "DD.MM.YYYY HH24:MI",
            requiredForDatabase = OPTIONAL,
            supportsDatabase = POSTGRESQL)
    public String getTextFormat() {
        return textFormat;
    }

    public void setTextFormat(String textFormat) {
        this.textFormat = textFormat;
    }

    @DatabaseChangeProperty(
            description = "What partition columns that are numbers count since 1970: seconds or milliseconds",
            exampleValue = "milliseconds",
            requiredForDatabase = OPTIONAL,
            supportsDatabase = POSTGRESQL)
    public String getEpoch() {
        return epoch;
    }

    public void setEpoch(String epoch) {
        this.epoch = epoch;
    }

    @DatabaseChangeProperty(
            description =
                    "What kind of time-ordered key the partition column is: uuidv7, ulid, snowflake or snowflake(epoch)",
            exampleValue = "uuidv7",
            requiredForDatabase = OPTIONAL,
            supportsDatabase = POSTGRESQL)
    public String getKeyTime() {
        return keyTime;
    }

    public void setKeyTime(String keyTime) {
        this.keyTime = keyTime;
    }

    @DatabaseChangeProperty(
            description =
                    "Name of a generated column that the new table gets, with the time that decides the partition",
            exampleValue = "order_date",
            requiredForDatabase = OPTIONAL,
            supportsDatabase = POSTGRESQL)
    public String getCombinedColumn() {
        return combinedColumn;
    }

    public void setCombinedColumn(String combinedColumn) {
        this.combinedColumn = combinedColumn;
    }

    @DatabaseChangeProperty(
            description =
                    "How rows find their partition: native, or trigger (inheritance children with CHECK constraints); native where it is not given",
            exampleValue = "native",
            requiredForDatabase = OPTIONAL,
            supportsDatabase = POSTGRESQL)
    public String getRouting() {
        return routing;
    }

    public void setRouting(String routing) {
        this.routing = routing;
    }

    @DatabaseChangeProperty(
            description =
                    "What becomes of foreign keys that refer to the table by columns without the partition column: refuse, drop (all of them, in the swap; made again on rollback) or trigger (triggers keep them); refuse where it is not given",
            exampleValue = "refuse",
            requiredForDatabase = OPTIONAL,
            supportsDatabase = POSTGRESQL)
    public String getIncomingForeignKeys() {
        return incomingForeignKeys;
    }

    public void setIncomingForeignKeys(String incomingForeignKeys) {
        this.incomingForeignKeys = incomingForeignKeys;
    }

    @DatabaseChangeProperty(
            description = "Columns that get another type on the way, and how",
            requiredForDatabase = OPTIONAL,
            supportsDatabase = POSTGRESQL)
    public List<NewColumn> getColumns() {
        return columns;
    }

    public void setColumns(List<NewColumn> columns) {
        this.columns = columns;
    }

    @DatabaseChangeProperty(
            description = "The span of a partition: day, week, month, quarter or year; month where it is not given",
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
            description =
                    "The first day, week, month, quarter or year that gets a partition; earlier rows go to the default partition",
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

    @DatabaseChangeProperty(
            description =
                    "The schema in which the partitions are made, which has to be there; the table's own where it is not given",
            exampleValue = "shop_partitions",
            requiredForDatabase = OPTIONAL,
            supportsDatabase = POSTGRESQL)
    public String getPartitionSchema() {
        return partitionSchema;
    }

    public void setPartitionSchema(String partitionSchema) {
        this.partitionSchema = partitionSchema;
    }

    @Override
    protected List<Runnable> attributeChecks() {
        List<Runnable> checks = super.attributeChecks();
        checks.add(() -> {
            require("partitionColumns", partitionColumns);
            partitionKey();
        });
        checks.add(() -> Optional.ofNullable(combinedColumn)
                .ifPresent(name -> Attributes.madeName("combinedColumn", name, getTableName())));
        checks.add(() -> Optional.ofNullable(partitionPrefix)
                .ifPresent(prefix -> Attributes.madeName("partitionPrefix", prefix, getTableName())));
        checks.add(() -> Optional.ofNullable(textFormat).ifPresent(TextDateFormat::parse));
        checks.add(() -> Optional.ofNullable(epoch).ifPresent(Epoch.Unit::parse));
        checks.add(() -> Optional.ofNullable(keyTime).ifPresent(KeyTime::parse));
        checks.add(() -> columns.forEach(NewColumn::change));
        checks.add(this::routing);
        checks.add(() -> {
            if (partitionSchema().isPresent() && Routing.TRIGGER.word().equals(routing)) {
                throw new IllegalArgumentException(NewTableSpec.PARTITION_SCHEMA_OF_CHILDREN);
            }
        });
        checks.add(this::incoming);
        checks.add(() -> {
            require("from", from);
            layout(LocalDate.now(ZoneOffset.UTC)).partitions();
        });
        return checks;
    }

    @Override
    protected boolean saysThatItIsIncludedTwice() {
        return true;
    }

    @Override
    public StepName stepName() {
        return StepName.CREATE_PARTITIONED_TABLE;
    }

    @Override
    protected boolean commitsByItself() {
        return false;
    }

    @Override
    protected void execute(StepRun run) throws SQLException {
        Preparation.run(run, spec(run.session(), run.source()), maxDefaultShare());
    }

    @Override
    public Undo undo(Database database) {
        return new Undo.By(Preparation::undo);
    }

    /** The types of the columns decide the form of the partition key; without a database only dates can be assumed. */
    @Override
    public Review review(Database database) throws SQLException, DatabaseException {
        boolean isOnline = LiquibaseEnvironment.isOnline(database);
        NewTableSpec spec =
                isOnline ? spec(session(), source(database)) : spec(source(database), LocalDate.now(ZoneOffset.UTC));
        Optional<NewTable> plan =
                isOnline && new TableReader(session()).find(spec.source()).isPresent()
                        ? Optional.of(Preparation.plan(session(), spec))
                        : NewTable.withoutCatalog(spec);
        if (plan.isEmpty()) {
            return Review.NOTHING;
        }
        List<Sql> script = new ArrayList<>(List.of(Sql.of("BEGIN"), SearchPath.pinScript()));
        script.addAll(Preparation.reviewStatements(LiquibaseEnvironment.state(database), plan.get()));
        script.add(Sql.of("COMMIT"));
        script.add(PrintedStep.endUnless(
                this, database, IS_THERE.with("newTable", spec.newTable().quoted())));
        return Review.script(script);
    }

    @Override
    public NewTableSpec spec(Session session, QualifiedName source) throws SQLException {
        return spec(source, getAhead() == null ? LocalDate.EPOCH : ServerClock.today(session));
    }

    /** @param today unused if {@code until} is given */
    private NewTableSpec spec(QualifiedName source, LocalDate today) {
        return new NewTableSpec(
                source,
                name(MadeTable.NEW_TABLE),
                partitionKey(),
                layout(today),
                routing(),
                incoming(),
                columns.stream().map(NewColumn::change).toList(),
                tuning().acceptedTriggers(),
                partitionSchema());
    }

    private Optional<Identifier> partitionSchema() {
        return Optional.ofNullable(partitionSchema).map(it -> Attributes.name("partitionSchema", it));
    }

    @Override
    public DefaultShare maxDefaultShare() {
        return tuning().maxDefaultShare().orElse(DefaultShare.DEFAULT);
    }

    private PartitionKeySpec partitionKey() {
        return new PartitionKeySpec(
                Attributes.names("partitionColumns", partitionColumns),
                Optional.ofNullable(textFormat),
                Optional.ofNullable(epoch),
                Optional.ofNullable(keyTime),
                Optional.ofNullable(combinedColumn).map(name -> Attributes.name("combinedColumn", name)));
    }

    private Routing routing() {
        return routing == null ? Routing.NATIVE : Routing.parse(routing);
    }

    private IncomingForeignKeys incoming() {
        return incomingForeignKeys == null
                ? IncomingForeignKeys.REFUSE
                : IncomingForeignKeys.parse(incomingForeignKeys);
    }

    private PartitionLayout layout(LocalDate today) {
        PartitionInterval span = interval();
        return new PartitionLayout(prefix(), span, span.parseBound("from", from), runway().end(span, today));
    }

    private PartitionInterval interval() {
        return interval == null ? PartitionInterval.MONTH : PartitionInterval.parse(interval);
    }

    private String prefix() {
        return partitionPrefix == null ? getTableName() + "_" : partitionPrefix;
    }

    @Override
    public List<String> changedSince(Session session, Migration migration) throws SQLException {
        NewTableSpec begun = migration.spec();
        PartitionKeySpec key = partitionKey();
        PartitionKeySpec begunKey = begun.partitionKey();
        List<String> changed = new ArrayList<>();
        changed(changed, "newTableName", name(MadeTable.NEW_TABLE), begun.newTableName());
        changed(changed, "partitionColumns", key.columns(), begunKey.columns());
        changed(changed, "textFormat", key.textFormat(), begunKey.textFormat());
        changed(changed, "epoch", key.epoch(), begunKey.epoch());
        changed(changed, "keyTime", key.keyTime(), begunKey.keyTime());
        changed(changed, "combinedColumn", key.combinedColumn(), begunKey.combinedColumn());
        changed(
                changed,
                "interval",
                interval().word(),
                begun.layout().interval().word());
        changed(
                changed,
                "from",
                interval().parseBound("from", from),
                begun.layout().from());
        changed(changed, "partitionPrefix", prefix(), begun.layout().prefix());
        changed(changed, "partitionSchema", partitionSchema(), begun.partitionSchema());
        changed(changed, "routing", routing().word(), begun.routing().word());
        changed(
                changed,
                "incomingForeignKeys",
                incoming().word(),
                begun.incomingForeignKeys().word());
        changedColumns(changed, session, migration);
        return changed;
    }

    /** Of columns whose type was not to change, none is recorded: it is the type that the partitioned table has. */
    private void changedColumns(List<String> changed, Session session, Migration migration) throws SQLException {
        Map<Identifier, ColumnChange> given = columns.stream()
                .map(NewColumn::change)
                .collect(Collectors.toMap(ColumnChange::column, it -> it, (one, other) -> other, LinkedHashMap::new));
        for (ColumnChange column : migration.spec().columns()) {
            ColumnChange now = given.remove(column.column());
            if (!column.equals(now)) {
                changed.add("column %s becomes %s here and became %s"
                        .formatted(column.column(), now == null ? "no other type" : described(now), described(column)));
            }
        }
        Optional<Table> table = new TableReader(session)
                .find(migration.phase().isAtLeast(Phase.SWAPPED) ? migration.source() : migration.newTable());
        for (ColumnChange now : given.values()) {
            Optional<Column> column = table.flatMap(it -> it.column(now.column()));
            if (column.isEmpty()) {
                changed.add("column %s is given a type here, and there is no such column".formatted(now.column()));
            } else if (now.using().isPresent()
                    || now.reverseUsing().isPresent()
                    || !TypeName.same(
                            session,
                            TypeName.qualified(session, now.type()),
                            column.get().type())) {
                changed.add("column %s becomes %s here and was left as it is, %s"
                        .formatted(now.column(), described(now), column.get().type()));
            }
        }
    }

    private static String described(ColumnChange column) {
        return column.type()
                + column.using().map(it -> " using " + it).orElse("")
                + column.reverseUsing().map(it -> " and back using " + it).orElse("");
    }

    private static void changed(List<String> changed, String attribute, Object given, Object begun) {
        if (!given.equals(begun)) {
            changed.add("%s is %s here and was %s".formatted(attribute, shown(given), shown(begun)));
        }
    }

    private static Object shown(Object value) {
        return value instanceof Optional<?> optional
                ? optional.map(Object::toString).orElse("not given")
                : value;
    }

    @Override
    protected void customLoadLogic(ParsedNode node, ResourceAccessor resourceAccessor) throws ParsedNodeException {
        Set<String> known = new HashSet<>(getSerializableFields());
        known.add(COLUMN);
        UnknownAttributes.reject(node, known);
        List<ParsedNode> nested = new ArrayList<>(node.getChildren(null, COLUMN));
        for (ParsedNode list : node.getChildren(null, "columns")) {
            nested.addAll(list.getChildren(null, COLUMN));
        }
        for (ParsedNode column : nested) {
            UnknownAttributes.reject(column, new NewColumn().getSerializableFields());
        }
    }
}
