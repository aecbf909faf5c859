package liquibase.ext.partition.generator.inspect;

import java.sql.SQLException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import liquibase.ext.partition.engine.catalog.Column;
import liquibase.ext.partition.engine.catalog.Index;
import liquibase.ext.partition.engine.catalog.Obstacle;
import liquibase.ext.partition.engine.catalog.Table;
import liquibase.ext.partition.engine.catalog.TableReader;
import liquibase.ext.partition.engine.refusal.Obstacles;
import liquibase.ext.partition.engine.sql.Identifier;
import liquibase.ext.partition.engine.sql.QualifiedName;
import liquibase.ext.partition.engine.sql.Session;
import liquibase.ext.partition.engine.sql.Sql;
import liquibase.ext.partition.engine.survey.sample.LimitedReading;

/** Writes a first config for tables of a database. Changes nothing in it. */
public final class TableInspector {
    /** Even the catalog's functions wait for a table that somebody has locked. */
    private static final Sql LOCK_LIMIT = Sql.of("SELECT pg_catalog.set_config('lock_timeout', {milliseconds}, false)");

    private static final Sql PARSE = Sql.of("SELECT pg_catalog.parse_ident({name})");

    private static final Sql ON_SEARCH_PATH = Sql.of("""
            SELECT n.nspname FROM pg_catalog.pg_class AS c
            JOIN pg_catalog.pg_namespace AS n ON n.oid OPERATOR(pg_catalog.=) c.relnamespace
            WHERE c.oid OPERATOR(pg_catalog.=) pg_catalog.to_regclass({name})::pg_catalog.oid
            """);

    private static final Sql SAME_BUT_FOR_CASE = Sql.of("""
            SELECT pg_catalog.format('%I.%I', n.nspname, c.relname)
            FROM pg_catalog.pg_class AS c JOIN pg_catalog.pg_namespace AS n ON n.oid = c.relnamespace
            WHERE pg_catalog.lower(c.relname) = pg_catalog.lower({table}) AND c.relkind IN ('r', 'p')
              AND n.nspname NOT IN ('pg_catalog', 'information_schema')
            ORDER BY 1
            """);

    /** invalid_parameter_value: what parse_ident refuses a name with. */
    private static final String NOT_A_NAME = "22023";

    private final Session session;
    private final Duration limit;
    private final TableReader tables;
    private final DateRangeReader ranges;
    private final TimeSample samples;

    /**
     * @param session the session, whose {@code lock_timeout} is changed
     * @param limit how long the rows of one table may be read to find out its months, before statistics are used
     *     instead; and how long to wait for a locked table
     */
    public TableInspector(Session session, Duration limit) {
        this.session = session;
        this.limit = limit;
        this.tables = new TableReader(session);
        this.ranges = new DateRangeReader(session, limit);
        this.samples = new TimeSample(session, limit);
    }

    /**
     * The text of a config for the tables.
     *
     * @param names names as in SQL: {@code public.orders}, {@code "Sales"."Orders"}; names without a schema are found
     *     by search_path
     * @throws SQLException when the catalog cannot be read, with state 55P03 when a table stays locked for too long
     * @throws UnsuitableTableException saying for each table that does not exist or cannot be partitioned why
     */
    public ConfigText inspect(List<String> names) throws SQLException, UnsuitableTableException {
        session.queryStrings(LOCK_LIMIT.with("milliseconds", Long.toString(limit.toMillis())));
        Set<QualifiedName> wanted = new LinkedHashSet<>();
        List<InspectedTable> inspected = new ArrayList<>();
        List<String> unsuitable = new ArrayList<>();
        for (String name : names) {
            try {
                QualifiedName table = resolve(name);
                if (wanted.add(table)) {
                    inspected.add(inspect(table));
                }
            } catch (UnsuitableTableException e) {
                unsuitable.add(e.getMessage());
            }
        }
        if (!unsuitable.isEmpty()) {
            throw new UnsuitableTableException(String.join(System.lineSeparator(), unsuitable));
        }
        return ConfigText.of(inspected);
    }

    private QualifiedName resolve(String name) throws SQLException, UnsuitableTableException {
        List<String> parts;
        try {
            parts = session.query(
                            PARSE.with("name", name),
                            row -> List.of((String[]) row.getArray(1).getArray()))
                    .get(0);
        } catch (SQLException e) {
            if (!NOT_A_NAME.equals(e.getSQLState())) {
                throw e;
            }
            parts = List.of();
        }
        if (parts.isEmpty() || parts.size() > 2) {
            throw new UnsuitableTableException(
                    "%s is not a table's name. Write it as in SQL: orders, public.orders, '\"Sales\".\"Orders\"'."
                            .formatted(name));
        }
        String table = parts.get(parts.size() - 1);
        if (parts.size() == 2) {
            return QualifiedName.of(parts.get(0), table);
        }
        Optional<String> schema = session
                .onCallersPath(() -> session.queryStrings(ON_SEARCH_PATH.with("name", new Identifier(table).quoted())))
                .stream()
                .findFirst();
        if (schema.isEmpty()) {
            throw missing(name, table);
        }
        return QualifiedName.of(schema.get(), table);
    }

    private UnsuitableTableException missing(String name, String table) throws SQLException {
        List<String> similar = session.queryStrings(SAME_BUT_FOR_CASE.with("table", table));
        return new UnsuitableTableException("There is no table %s in this database. %s"
                .formatted(
                        name,
                        similar.isEmpty()
                                ? "Check the name, its schema, and the database in --url."
                                : "There is %s; write its name like that, quotes included."
                                        .formatted(String.join(", ", similar))));
    }

    private InspectedTable inspect(QualifiedName name) throws SQLException, UnsuitableTableException {
        Optional<Table> found = tables.find(name);
        if (found.isEmpty()) {
            throw missing(name.toString(), name.name().name());
        }
        Table table = found.get();
        if (table.partitioned()) {
            throw new UnsuitableTableException("%s is partitioned already. Leave it out.".formatted(name));
        }
        Index key = key(table);
        List<TimeColumn> dates = PartitionColumns.candidates(table, key.columns());
        List<TimeColumn> notNull =
                dates.stream().filter(date -> date.column().notNull()).toList();
        if (!notNull.isEmpty()) {
            if (!PartitionColumns.changes(notNull.get(0).name())) {
                return withFirst(table, key, notNull);
            }
            Optional<InspectedTable> another = withWhatDoesNotChange(table, key, dates);
            return another.isPresent() ? another.get() : withFirst(table, key, notNull);
        }
        if (!dates.isEmpty()) {
            return withFewestNulls(table, key, dates);
        }
        LimitedReading.Result<TimeSample.Found> sampled = samples.columns(table, key.columns());
        List<TimeColumn> others = sampled.value().map(TimeSample.Found::fitting).orElse(List.of());
        if (others.isEmpty()) {
            throw new UnsuitableTableException(noPartitionColumn(
                    table,
                    sampled.value()
                            .map(TimeSample.Found::nothing)
                            .orElse("whether another column holds the time is not known, because " + sampled.why())));
        }
        return withFirst(table, key, others);
    }

    /**
     * If every date that is never NULL changes with an edit, judging by its name, chooses a column that records when
     * the row came to be: a date that may be NULL but is in every row, or a column that writes the time in another way.
     */
    private Optional<InspectedTable> withWhatDoesNotChange(Table table, Index key, List<TimeColumn> dates)
            throws SQLException {
        List<TimeColumn> nullable = dates.stream()
                .filter(date -> PartitionColumns.isOfCreation(date.name()))
                .toList();
        if (!nullable.isEmpty()) {
            List<DateRange> read = ranges.read(table.name(), nullable);
            for (int i = 0; i < read.size(); i++) {
                if (read.get(i).nullShare() == 0) {
                    return Optional.of(inspected(table, key, nullable.get(i), dates, read.get(i)));
                }
            }
        }
        List<TimeColumn> others =
                samples.columns(table, key.columns()).value().map(TimeSample.Found::fitting).orElse(List.of()).stream()
                        .filter(column -> PartitionColumns.isOfCreation(column.name()))
                        .toList();
        return others.isEmpty() ? Optional.empty() : Optional.of(withFirst(table, key, others));
    }

    private InspectedTable withFirst(Table table, Index key, List<TimeColumn> candidates) throws SQLException {
        TimeColumn first = candidates.get(0);
        DateRange range = ranges.read(table.name(), List.of(first)).get(0);
        return inspected(table, key, first, candidates, range);
    }

    private InspectedTable withFewestNulls(Table table, Index key, List<TimeColumn> candidates) throws SQLException {
        List<DateRange> read = ranges.read(table.name(), candidates);
        int fewest = IntStream.range(0, read.size())
                .boxed()
                .min(Comparator.comparingDouble(i -> read.get(i).nullShare()))
                .orElseThrow();
        return inspected(table, key, candidates.get(fewest), candidates, read.get(fewest));
    }

    private InspectedTable inspected(
            Table table, Index key, TimeColumn chosen, List<TimeColumn> candidates, DateRange range)
            throws SQLException {
        List<TimeColumn> others = candidates.stream()
                .filter(candidate -> candidate.notation() == chosen.notation() && !candidate.equals(chosen))
                .filter(candidate -> TimeSample.isSure(candidate) || !TimeSample.isSure(chosen))
                .toList();
        return new InspectedTable(
                table, Obstacles.of(session, table), key, chosen, others, range, takenNames(table.name()));
    }

    private Index key(Table table) throws SQLException, UnsuitableTableException {
        Optional<Index> key = table.indexes().stream()
                .filter(Index::tellsRowsApart)
                .filter(index -> index.columns().stream()
                        .allMatch(column -> table.column(column).orElseThrow().notNull()))
                .min(Comparator.comparing((Index index) -> !index.primaryKey())
                        .thenComparing(index -> index.columns().size())
                        .thenComparing(Index::name));
        if (key.isEmpty()) {
            throw new UnsuitableTableException(
                    "%s cannot be partitioned: nothing tells its rows apart. Give it a primary key, or a unique index over NOT NULL columns.%s"
                            .formatted(table.name(), phrase(Obstacles.of(session, table))));
        }
        return key.get();
    }

    /** A view, for example, has no key; that it is a view explains more. */
    private static String phrase(List<Obstacle> obstacles) {
        return obstacles.isEmpty()
                ? ""
                : " Also: "
                        + String.join(
                                "; ", obstacles.stream().map(Obstacle::what).toList())
                        + ".";
    }

    /** @param others the result of the search for another column, as a phrase */
    private static String noPartitionColumn(Table table, String others) {
        List<Column> dates = PartitionColumns.ofDateType(table);
        String why = dates.isEmpty()
                ? "it has no column of type date, timestamp or timestamptz"
                : dates.stream()
                        .map(column -> column.name() + " is generated")
                        .collect(Collectors.joining(", and its column ", "its column ", ""));
        return "%s cannot be partitioned by month: %s, and %s. Give it a date column, or write the config by hand with the column that holds the time."
                .formatted(table.name(), why, others);
    }

    private List<Identifier> takenNames(QualifiedName source) throws SQLException {
        List<Identifier> taken = new ArrayList<>();
        for (Identifier name : DefaultNames.of(source.name()).tables()) {
            if (tables.find(source.sibling(name)).isPresent()) {
                taken.add(name);
            }
        }
        return taken;
    }
}
