package liquibase.ext.partition.generator.inspect;

import java.sql.ResultSet;
import java.sql.SQLException;
import java.time.Duration;
import java.time.LocalDate;
import java.time.YearMonth;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import liquibase.ext.partition.engine.sql.Identifier;
import liquibase.ext.partition.engine.sql.QualifiedName;
import liquibase.ext.partition.engine.sql.Session;
import liquibase.ext.partition.engine.sql.Sql;
import liquibase.ext.partition.engine.survey.sample.LimitedReading;

/** Finds out which months a table's rows belong to, and how many belong to none. */
final class DateRangeReader {
    /**
     * OFFSET keeps the planner from writing the expression of a value into each of the aggregates. As a constant in
     * quotes it lets the planner use several workers; a plain 0 is still a cast when that is decided.
     */
    private static final Sql ROWS = Sql.of("""
            SELECT {latest}::pg_catalog.date AS latest, pg_catalog.count(*) AS rows, {aggregates}
            FROM (SELECT {values} FROM {table} AS source {times} OFFSET '0') AS rows
            """);

    private static final Sql VALUES = Sql.of("{time}.at AS {value}, {column} IS NULL AS {missing}");

    private static final Sql AGGREGATES = Sql.of("""
            (pg_catalog.min({value}) FILTER (WHERE {plausible}))::pg_catalog.date AS {oldest},
            (pg_catalog.max({value}) FILTER (WHERE {plausible}))::pg_catalog.date AS {newest},
            pg_catalog.count(*) FILTER (WHERE {missing}) AS {nulls},
            pg_catalog.count(*) FILTER (WHERE NOT {missing} AND {value} IS NULL) AS {nottimes},
            pg_catalog.count(*) FILTER (WHERE NOT pg_catalog.isfinite({value})) AS {infinite},
            pg_catalog.count(*) FILTER (WHERE pg_catalog.isfinite({value}) AND {value} < {earliest}) AS {before},
            pg_catalog.count(*) FILTER (WHERE pg_catalog.isfinite({value}) AND {value} >= {latest}) AS {after}""");

    /** The histogram has the values that are not among the most common ones, so the oldest value may be in either. */
    private static final Sql STATISTICS = Sql.of("""
            SELECT (pg_catalog.min(value) FILTER (WHERE {plausible}))::pg_catalog.date AS oldest,
                   (pg_catalog.max(value) FILTER (WHERE {plausible}))::pg_catalog.date AS newest,
                   pg_catalog.max(nulls) AS nulls
            FROM (SELECT time.at AS value, nulls
                  FROM (SELECT pg_catalog.unnest(histogram_bounds::pg_catalog.text::{type}[] || most_common_vals::pg_catalog.text::{type}[]) AS {column},
                               null_frac AS nulls
                        FROM pg_catalog.pg_stats
                        WHERE schemaname = {schema} AND tablename = {name} AND attname = {attribute}) AS source {time}) AS sample
            """);

    private static final Sql TODAY =
            Sql.of("SELECT pg_catalog.timezone('UTC', pg_catalog.now())::pg_catalog.date AS today");

    private final Session session;
    private final LimitedReading reading;

    /** @param limit how long the rows of one table may be read */
    DateRangeReader(Session session, Duration limit) {
        this.session = session;
        this.reading = new LimitedReading(session, limit);
    }

    /**
     * The ranges of {@code columns} in their order, from one reading of all rows; if that fails, from the statistics.
     *
     * @param columns at least one
     */
    List<DateRange> read(QualifiedName table, List<TimeColumn> columns) throws SQLException {
        LimitedReading.Result<List<DateRange>> measured = reading.run("all rows", () -> measure(table, columns));
        if (measured.value().isPresent()) {
            return measured.value().get();
        }
        List<DateRange> estimated = new ArrayList<>();
        for (TimeColumn column : columns) {
            estimated.add(estimate(table, column, measured.why()));
        }
        return estimated;
    }

    private List<DateRange> measure(QualifiedName table, List<TimeColumn> columns) throws SQLException {
        List<Sql> values = new ArrayList<>();
        List<Sql> times = new ArrayList<>();
        List<Sql> aggregates = new ArrayList<>();
        for (int i = 0; i < columns.size(); i++) {
            Identifier time = new Identifier("time" + i);
            times.add(columns.get(i).joined(time));
            values.add(VALUES.with("time", time)
                    .with("column", columns.get(i).ofSource())
                    .with("value", numbered("value", i))
                    .with("missing", numbered("missing", i)));
            Sql aggregate = AGGREGATES
                    .with("plausible", Plausible.is(numbered("value", i)))
                    .with("earliest", Plausible.EARLIEST)
                    .with("latest", Plausible.LATEST)
                    .with("value", numbered("value", i))
                    .with("missing", numbered("missing", i));
            for (String name : List.of("oldest", "newest", "nulls", "nottimes", "infinite", "before", "after")) {
                aggregate = aggregate.with(name, numbered(name, i));
            }
            aggregates.add(aggregate);
        }
        Sql rows = ROWS.with("latest", Plausible.LATEST)
                .with("aggregates", Sql.join(",\n", aggregates))
                .with("values", Sql.list(values))
                .with("table", table)
                .with("times", Sql.join("\n", times));
        LocalDate today = today();
        return session.query(rows, row -> ranges(row, columns.size(), today)).get(0);
    }

    private static Sql numbered(String name, int column) {
        return Sql.raw(name + column);
    }

    private static List<DateRange> ranges(ResultSet row, int columns, LocalDate today) throws SQLException {
        List<DateRange> ranges = new ArrayList<>();
        for (int i = 0; i < columns; i++) {
            LocalDate oldest = row.getObject("oldest" + i, LocalDate.class);
            if (oldest == null) {
                ranges.add(new DateRange.Unknown(today, "no row of the table has a sensible date"));
                continue;
            }
            ranges.add(new DateRange.Measured(
                    oldest,
                    row.getObject("newest" + i, LocalDate.class),
                    YearMonth.from(row.getObject("latest", LocalDate.class)),
                    row.getLong("rows"),
                    new DateRange.Outside(
                            row.getLong("nulls" + i),
                            row.getLong("nottimes" + i),
                            row.getLong("infinite" + i),
                            row.getLong("before" + i),
                            row.getLong("after" + i))));
        }
        return ranges;
    }

    private DateRange estimate(QualifiedName table, TimeColumn column, String why) throws SQLException {
        Sql statistics = STATISTICS
                .with("plausible", Plausible.is(Sql.raw("value")))
                .with("time", column.joined(new Identifier("time")))
                .with("type", Sql.raw(column.column().typeName()))
                .with("column", column.name())
                .with("schema", table.schema().name())
                .with("name", table.name().name())
                .with("attribute", column.name().name());
        Optional<DateRange> estimated = session.query(statistics, row -> {
                    LocalDate oldest = row.getObject("oldest", LocalDate.class);
                    return oldest == null
                            ? Optional.<DateRange>empty()
                            : Optional.<DateRange>of(new DateRange.Estimated(
                                    oldest, row.getObject("newest", LocalDate.class), row.getDouble("nulls"), why));
                })
                .get(0);
        return estimated.isPresent()
                ? estimated.get()
                : new DateRange.Unknown(today(), why + ", and there are no statistics");
    }

    private LocalDate today() throws SQLException {
        return session.query(TODAY, row -> row.getObject("today", LocalDate.class))
                .get(0);
    }
}
