package liquibase.ext.partition.generator.inspect;

import java.sql.ResultSet;
import java.sql.SQLException;
import java.time.Duration;
import java.time.LocalDate;
import java.util.Optional;
import liquibase.ext.partition.engine.catalog.Column;
import liquibase.ext.partition.engine.sql.QualifiedName;
import liquibase.ext.partition.engine.sql.Session;
import liquibase.ext.partition.engine.sql.Sql;
import liquibase.ext.partition.engine.sql.SqlState;

/** Finds out which months a table's rows are of. */
final class DateRangeReader {
    /**
     * Rows before are almost always a default that nobody meant (1970-01-01, year 1), and rows after a stand-in for "never"
     * (2999-12-31, infinity). A partition for each month up to them would help nobody; they go to the default partition.
     */
    private static final Sql PLAUSIBLE = Sql.of("""
            value >= timestamp '1971-01-01' AND value < pg_catalog.timezone('UTC', pg_catalog.now()) + interval '10 years'
            """);

    private static final Sql ROWS = Sql.of("""
            SELECT (min(value) FILTER (WHERE {plausible}))::date AS oldest,
                   (max(value) FILTER (WHERE {plausible}))::date AS newest,
                   count(*) FILTER (WHERE NOT ({plausible})) AS farout
            FROM (SELECT {value} AS value FROM {table}) AS rows
            """);

    private static final Sql STATISTICS = Sql.of("""
            SELECT (min(value) FILTER (WHERE {plausible}))::date AS oldest,
                   (max(value) FILTER (WHERE {plausible}))::date AS newest
            FROM (SELECT {value} AS value
                  FROM (SELECT pg_catalog.unnest(coalesce(histogram_bounds, most_common_vals)::text::{type}[]) AS {column}
                        FROM pg_catalog.pg_stats
                        WHERE schemaname = {schema} AND tablename = {name} AND attname = {attribute}) AS bounds) AS sample
            """);

    private static final Sql LIMIT = Sql.of("SELECT pg_catalog.set_config('statement_timeout', {milliseconds}, true)");
    private static final Sql TODAY = Sql.of("SELECT pg_catalog.timezone('UTC', pg_catalog.now())::date AS today");

    /** query_canceled: what a statement ends with that reaches statement_timeout. */
    private static final String QUERY_CANCELED = "57014";

    private final Session session;
    private final Duration limit;

    /** @param limit how long the rows of one table may be read */
    DateRangeReader(Session session, Duration limit) {
        this.session = session;
        this.limit = limit;
    }

    /**
     * The range of {@code column}, read from the rows, or else from the statistics.
     *
     * @param column of type date, timestamp or timestamptz
     */
    DateRange read(QualifiedName table, Column column) throws SQLException {
        String why;
        try {
            return measure(table, column);
        } catch (SQLException e) {
            if (QUERY_CANCELED.equals(e.getSQLState())) {
                why = "reading all rows takes longer than %d s".formatted(limit.toSeconds());
            } else if (SqlState.INSUFFICIENT_PRIVILEGE.matches(e)) {
                why = "this role may not read the table";
            } else {
                throw e;
            }
        }
        return estimate(table, column, why);
    }

    private DateRange measure(QualifiedName table, Column column) throws SQLException {
        Sql rows = ROWS.with("plausible", PLAUSIBLE).with("value", utc(column)).with("table", table);
        Optional<DateRange> measured = session.inTransaction(() -> {
            session.queryStrings(LIMIT.with("milliseconds", Long.toString(limit.toMillis())));
            return session.query(rows, row -> {
                        long farOut = row.getLong("farout");
                        return days(row)
                                .map(days -> (DateRange) new DateRange.Measured(days.oldest(), days.newest(), farOut));
                    })
                    .get(0);
        });
        return measured.isPresent()
                ? measured.get()
                : new DateRange.Unknown(today(), "no row of the table has a sensible date");
    }

    private DateRange estimate(QualifiedName table, Column column, String why) throws SQLException {
        Sql statistics = STATISTICS
                .with("plausible", PLAUSIBLE)
                .with("value", utc(column))
                .with("type", Sql.raw(column.typeName()))
                .with("column", column.name())
                .with("schema", table.schema().name())
                .with("name", table.name().name())
                .with("attribute", column.name().name());
        Optional<Days> days = session.query(statistics, DateRangeReader::days).get(0);
        return days.isPresent()
                ? new DateRange.Estimated(days.get().oldest(), days.get().newest(), why)
                : new DateRange.Unknown(today(), why + ", and there are no statistics");
    }

    /** The column as a timestamp in UTC, which is where the bounds of the partitions are. */
    private static Sql utc(Column column) {
        Sql name = column.name().asSql();
        return switch (column.typeName()) {
            case "timestamptz" -> Sql.of("pg_catalog.timezone('UTC', {column})").with("column", name);
            case "date" -> Sql.of("{column}::timestamp").with("column", name);
            default -> name;
        };
    }

    private record Days(LocalDate oldest, LocalDate newest) {}

    private static Optional<Days> days(ResultSet row) throws SQLException {
        LocalDate oldest = row.getObject("oldest", LocalDate.class);
        return oldest == null
                ? Optional.empty()
                : Optional.of(new Days(oldest, row.getObject("newest", LocalDate.class)));
    }

    private LocalDate today() throws SQLException {
        return session.query(TODAY, row -> row.getObject("today", LocalDate.class))
                .get(0);
    }
}
