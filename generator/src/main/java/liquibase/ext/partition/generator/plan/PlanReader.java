package liquibase.ext.partition.generator.plan;

import java.sql.SQLException;
import java.time.Duration;
import java.time.LocalDate;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.function.Consumer;
import liquibase.ext.partition.engine.catalog.Feature;
import liquibase.ext.partition.engine.catalog.Obstacle;
import liquibase.ext.partition.engine.catalog.Table;
import liquibase.ext.partition.engine.catalog.TableReader;
import liquibase.ext.partition.engine.exchange.ExchangeOutlook;
import liquibase.ext.partition.engine.exchange.ExchangeSpec;
import liquibase.ext.partition.engine.newtable.NewTableSpec;
import liquibase.ext.partition.engine.partitioning.Retention;
import liquibase.ext.partition.engine.refusal.ServerClock;
import liquibase.ext.partition.engine.retirement.RetirementStatus;
import liquibase.ext.partition.engine.sql.Identifier;
import liquibase.ext.partition.engine.sql.QualifiedName;
import liquibase.ext.partition.engine.sql.Session;
import liquibase.ext.partition.engine.sql.Sql;
import liquibase.ext.partition.engine.state.Migration;
import liquibase.ext.partition.engine.state.MigrationStatus;
import liquibase.ext.partition.engine.state.Migrations;
import liquibase.ext.partition.engine.state.StateTables;
import liquibase.ext.partition.engine.survey.Estimate;
import liquibase.ext.partition.engine.survey.Survey;
import liquibase.ext.partition.engine.survey.SurveyReader;
import liquibase.ext.partition.engine.upkeep.MissingPartitions;
import liquibase.ext.partition.generator.config.ExchangeConfig;
import liquibase.ext.partition.generator.config.PartitionBy;
import liquibase.ext.partition.generator.config.TableConfig;

/** Reads what partitioning tables would result in. Changes nothing. */
public final class PlanReader {
    /** Even the catalog's functions wait for a table that somebody has locked. */
    private static final Sql LOCK_LIMIT = Sql.of("SELECT pg_catalog.set_config('lock_timeout', {milliseconds}, false)");

    private static final Sql DATABASE = Sql.of("SELECT pg_catalog.current_database()");
    private static final Sql DEFAULT_SCHEMA = Sql.of("SELECT coalesce(pg_catalog.current_schema(), 'public')");

    /** Liquibase may keep its tables, and ours beside them, in any schema. */
    private static final Sql STATE_SCHEMAS = Sql.of("""
            SELECT n.nspname
            FROM pg_catalog.pg_class AS c JOIN pg_catalog.pg_namespace AS n ON n.oid = c.relnamespace
            WHERE c.relname = 'partition_migration' AND c.relkind = 'r'
              AND pg_catalog.has_schema_privilege(n.oid, 'USAGE') AND pg_catalog.has_table_privilege(c.oid, 'SELECT')
            ORDER BY n.nspname
            """);

    /** The schema of Liquibase's tables, if it has run already. */
    private static final Sql LIQUIBASE_SCHEMA = Sql.of("""
            SELECT n.nspname
            FROM pg_catalog.pg_class AS c JOIN pg_catalog.pg_namespace AS n ON n.oid = c.relnamespace
            WHERE c.relname IN ('databasechangelog', 'DATABASECHANGELOG') AND c.relkind = 'r'
            ORDER BY n.nspname = {likely} DESC, n.nspname LIMIT 1
            """);

    private static final Duration TELL_AFTER = Duration.ofSeconds(3);

    private final Session session;
    private final Duration lockLimit;
    private final Consumer<String> progress;
    private final TableReader tables;
    private final SurveyReader surveys;

    /**
     * @param session the session, whose {@code lock_timeout} is changed
     * @param lockLimit how long to wait for a locked table
     * @param progress receives a line now and then when reading takes long
     */
    public PlanReader(Session session, Duration lockLimit, Consumer<String> progress) {
        this.session = session;
        this.lockLimit = lockLimit;
        this.progress = progress;
        this.tables = new TableReader(session);
        this.surveys = new SurveyReader(session);
    }

    /** @throws SQLException when the catalog cannot be read, with state 55P03 when a table stays locked for too long */
    public DatabasePlan read(List<TableConfig> configured, List<ExchangeConfig> exchanges) throws SQLException {
        session.queryStrings(LOCK_LIMIT.with("milliseconds", Long.toString(lockLimit.toMillis())));
        Identifier schema = new Identifier(session.onCallersPath(() -> session.queryStrings(DEFAULT_SCHEMA))
                .get(0));
        Identifier stateSchema = session.queryStrings(LIQUIBASE_SCHEMA.with("likely", schema.name())).stream()
                .findFirst()
                .map(Identifier::new)
                .orElse(schema);
        List<TablePlan> plans = new ArrayList<>();
        long told = System.nanoTime();
        LocalDate today = ServerClock.today(session);
        for (TableConfig table : configured) {
            NewTableSpec spec = TableSpec.of(table, schema, today);
            if (System.nanoTime() - told > TELL_AFTER.toNanos()) {
                progress.accept("Reading %s, %d of %d".formatted(spec.source(), plans.size() + 1, configured.size()));
                told = System.nanoTime();
            }
            Optional<Table> source = tables.find(spec.source());
            Optional<String> begun = source.isPresent() ? begun(source.get(), spec, table) : Optional.empty();
            List<Obstacle> unexpected = source.map(
                            it -> unexpectedColumns(it, table.columns().keySet()))
                    .orElse(List.of());
            plans.add(new TablePlan(
                    spec,
                    begun,
                    begun.isPresent()
                            ? Optional.empty()
                            : Optional.of(survey(table, spec, stateSchema).refusing(unexpected))));
        }
        List<ExchangePlan> exchangePlans = new ArrayList<>();
        for (ExchangeConfig exchange : exchanges) {
            exchangePlans.add(exchange(exchange, schema, stateSchema));
        }
        return new DatabasePlan(session.queryStrings(DATABASE).get(0), surveys.server(), plans, exchangePlans);
    }

    private ExchangePlan exchange(ExchangeConfig config, Identifier schema, Identifier stateSchema)
            throws SQLException {
        ExchangeSpec spec = TableSpec.of(config, schema);
        for (String candidate : session.queryStrings(STATE_SCHEMAS)) {
            StateTables state = new StateTables(new Identifier(candidate));
            if (ExchangeOutlook.begun(session, state, spec).isPresent()) {
                return new ExchangePlan(
                        spec,
                        MigrationStatus.readAll(session, state).stream()
                                .filter(status -> status.source().equals(spec.partition()))
                                .map(MigrationStatus::describe)
                                .findFirst(),
                        Optional.empty());
            }
        }
        return new ExchangePlan(
                spec,
                Optional.empty(),
                Optional.of(ExchangeOutlook.read(
                        session, new StateTables(stateSchema), spec, TableSpec.names(config.keyColumns()))));
    }

    private Survey survey(TableConfig table, NewTableSpec spec, Identifier stateSchema) throws SQLException {
        Survey survey = surveys.read(
                spec,
                TableSpec.names(table.keyColumns()),
                table.tuning().workers().orElse(1),
                stateSchema,
                table.tuning().maxDefaultShare());
        return survey.with(PaceSettings.read(
                session,
                table.tuning(),
                survey.estimate().map(Estimate::longest).orElse(Duration.ZERO)));
    }

    /** If the config states the columns, the changelog expects exactly these: sourceColumns. */
    private static List<Obstacle> unexpectedColumns(Table source, Set<String> stated) {
        if (stated.isEmpty()) {
            return List.of();
        }
        return source.columns().stream()
                .filter(column -> !stated.contains(column.name().name()))
                .map(column -> new Obstacle(
                        Feature.COLUMNS,
                        "its column %s %s is none of the columns of the config".formatted(column.name(), column.type()),
                        "add it to columns, and generate again"))
                .toList();
    }

    private Optional<String> begun(Table source, NewTableSpec spec, TableConfig config) throws SQLException {
        for (String schema : session.queryStrings(STATE_SCHEMAS)) {
            StateTables state = new StateTables(new Identifier(schema));
            Optional<Migration> migration = new Migrations(session, state).find(spec.source());
            if (migration.isPresent()
                    && migration
                            .get()
                            .hasMadeItsTable(
                                    source,
                                    tables.find(migration.get().newTable()).orElse(null))) {
                String upkeep = upkeep(state, spec.source(), config.partitionBy())
                        + (config.keep() == null
                                ? ""
                                : RetirementStatus.outlook(
                                        session, state, migration.get(), new Retention(config.keep())));
                return MigrationStatus.readAll(session, state).stream()
                        .filter(status -> status.source().equals(spec.source()))
                        .map(status -> upkeep + status.describe())
                        .findFirst();
            }
        }
        return Optional.empty();
    }

    /** Says which partitions the next update would make. */
    private String upkeep(StateTables state, QualifiedName source, PartitionBy by) throws SQLException {
        List<Identifier> missing = MissingPartitions.names(session, state, source, by.runway());
        return switch (missing.size()) {
            case 0 -> "No partition is missing. ";
            case 1 -> "Partition %s is missing, and the next update makes it. ".formatted(missing.get(0));
            default ->
                "%d partitions from %s to %s are missing, and the next update makes them. "
                        .formatted(missing.size(), missing.get(0), missing.get(missing.size() - 1));
        };
    }
}
