package liquibase.ext.partition.engine.state;

import java.sql.ResultSet;
import java.sql.SQLException;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.function.Function;
import liquibase.ext.partition.engine.partitioning.PartitionKey;
import liquibase.ext.partition.engine.partitioning.PartitionLayout;
import liquibase.ext.partition.engine.sql.Identifier;
import liquibase.ext.partition.engine.sql.Sql;

/**
 * The rows of the default partition, counted by what put them there.
 *
 * @param nulls rows in which every column of the partition key is NULL
 * @param unreadable rows in which a column has a value that is no date
 * @param infinite rows whose date is {@code infinity} or {@code -infinity}
 * @param before rows whose date is before the first partition
 * @param after rows whose date is after the last partition
 */
public record DefaultRows(long nulls, long unreadable, long infinite, long before, long after) {
    private static final Sql COUNTS = Sql.of("""
            pg_catalog.count(*) FILTER (WHERE r.time IS NULL AND r.empty) AS nulls,
                   pg_catalog.count(*) FILTER (WHERE r.time IS NULL AND NOT r.empty) AS unreadable,
                   pg_catalog.count(*) FILTER (WHERE NOT pg_catalog.isfinite(r.time)) AS infinite,
                   pg_catalog.count(*) FILTER (WHERE pg_catalog.isfinite(r.time) AND r.time < {from}::timestamp) AS before,
                   pg_catalog.count(*) FILTER (WHERE pg_catalog.isfinite(r.time) AND r.time >= {until}::timestamp) AS after""");

    private static final Sql IS_NULL = Sql.of("{column} IS NULL");

    /**
     * The expressions that count rows by cause, over a relation {@code r}. Its column {@code time} is the time of a
     * row, and {@code empty} whether the row {@linkplain #empty has no time at all}. {@link #read} reads the result.
     */
    public static Sql counts(PartitionLayout layout) {
        return COUNTS.with("from", Sql.literal(layout.from() + " 00:00:00"))
                .with("until", Sql.literal(layout.until() + " 00:00:00"));
    }

    /** An expression for whether every column of the key is NULL. */
    public static Sql empty(PartitionKey key, Function<Identifier, Sql> columns) {
        return Sql.join(
                " AND ",
                key.columns().stream()
                        .map(column -> IS_NULL.with("column", columns.apply(column)))
                        .toList());
    }

    /** Reads the counts out of a result row. */
    public static DefaultRows read(ResultSet row) throws SQLException {
        return new DefaultRows(
                row.getLong("nulls"),
                row.getLong("unreadable"),
                row.getLong("infinite"),
                row.getLong("before"),
                row.getLong("after"));
    }

    public static DefaultRows none() {
        return new DefaultRows(0, 0, 0, 0, 0);
    }

    public DefaultRows plus(DefaultRows other) {
        return new DefaultRows(
                nulls + other.nulls,
                unreadable + other.unreadable,
                infinite + other.infinite,
                before + other.before,
                after + other.after);
    }

    /** The counts of all rows, where these are the counts of a sample. */
    public DefaultRows times(double factor) {
        return new DefaultRows(
                Math.round(nulls * factor),
                Math.round(unreadable * factor),
                Math.round(infinite * factor),
                Math.round(before * factor),
                Math.round(after * factor));
    }

    public long total() {
        return nulls + unreadable + infinite + before + after;
    }

    /** The counts for people: {@code 7 rows (2 NULL, 5 before 2024-01)}. */
    public String describe(String from, String until) {
        List<String> causes = new ArrayList<>();
        add(causes, nulls, "NULL");
        add(causes, unreadable, "not a date");
        add(causes, infinite, "infinite");
        add(causes, before, "before " + from);
        add(causes, after, "from " + until + " on");
        String rows = String.format(Locale.ROOT, total() == 1 ? "%,d row" : "%,d rows", total());
        return causes.isEmpty() ? rows : rows + " (" + String.join(", ", causes) + ")";
    }

    private static void add(List<String> causes, long rows, String cause) {
        if (rows > 0) {
            causes.add(String.format(Locale.ROOT, "%,d %s", rows, cause));
        }
    }
}
