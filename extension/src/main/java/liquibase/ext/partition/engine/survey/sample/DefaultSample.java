package liquibase.ext.partition.engine.survey.sample;

import java.sql.SQLException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.function.Function;
import liquibase.ext.partition.engine.catalog.Feature;
import liquibase.ext.partition.engine.catalog.Obstacle;
import liquibase.ext.partition.engine.newtable.Conversions;
import liquibase.ext.partition.engine.newtable.NewTable;
import liquibase.ext.partition.engine.newtable.NewTableSpec;
import liquibase.ext.partition.engine.newtable.RowShape;
import liquibase.ext.partition.engine.partitioning.PartitionKey;
import liquibase.ext.partition.engine.partitioning.PartitionKeySpec;
import liquibase.ext.partition.engine.partitioning.PartitionLayout;
import liquibase.ext.partition.engine.sql.Identifier;
import liquibase.ext.partition.engine.sql.QualifiedName;
import liquibase.ext.partition.engine.sql.Session;
import liquibase.ext.partition.engine.sql.Sql;
import liquibase.ext.partition.engine.sql.SqlState;
import liquibase.ext.partition.engine.state.DefaultRows;
import liquibase.ext.partition.engine.state.DefaultShare;
import liquibase.ext.partition.engine.time.TextDateFormat;

/**
 * How many rows of a sample would be in the default partition, and why. So a misread date shows before anything is
 * copied, and not days later in {@code verifyCopy}. A sample is no proof, so in general it refuses nothing. But if
 * every one of some dozens of rows would be there, the setting is wrong, or somebody has to say that it is not.
 *
 * @param rows how many rows were read
 * @param whole whether these are all rows of the table
 * @param aside the rows that would be in the default partition
 * @param span the earliest and the latest time among them, as people write days; empty if none has a time
 * @param share the share of rows that may be there
 * @param notRead why nothing was read, as a phrase; empty if something was
 */
public record DefaultSample(
        NewTableSpec spec,
        long rows,
        boolean whole,
        DefaultRows aside,
        Optional<String> span,
        DefaultShare share,
        Optional<String> notRead) {
    /** Fifty rows from all over a heap are enough if none of them is in any of the requested partitions. */
    private static final long ENOUGH = 50;

    private static final Duration LIMIT = Duration.ofSeconds(3);

    private static final Sql COUNT = Sql.of("""
            SELECT r.aside, pg_catalog.count(*) AS rows, {counts},
                   pg_catalog.to_char(pg_catalog.min(r.time) FILTER (WHERE pg_catalog.isfinite(r.time)), 'FMYYYY-MM-DD') AS first,
                   pg_catalog.to_char(pg_catalog.max(r.time) FILTER (WHERE pg_catalog.isfinite(r.time)), 'FMYYYY-MM-DD') AS last
            FROM (SELECT {time} AS time, {empty} AS empty, ({value} >= {from} AND {value} < {until}) IS NOT TRUE AS aside
                  FROM (SELECT {columns} FROM {sample} AS t OFFSET 0) AS n OFFSET 0) AS r
            GROUP BY r.aside
            """);

    private static final Sql AS = Sql.of("{value} AS {column}");

    /** Rows of the sample that go to the same kind of place: into a partition of their own, or not. */
    private record Counted(boolean aside, long rows, DefaultRows causes, String first, String last) {}

    /** The rows that were read; {@code whole} if these are all rows of the table. */
    private record Counts(boolean whole, List<Counted> counted) {
        long rows() {
            return counted.stream().mapToLong(Counted::rows).sum();
        }

        Optional<Counted> aside() {
            return counted.stream().filter(Counted::aside).findFirst();
        }
    }

    /**
     * Reads a few thousand rows in at most three seconds, with ACCESS SHARE on the source meanwhile; changes nothing.
     *
     * @param plan the plan whose partition key decides, by the expression that the copy will use
     * @param conversions the conversions of the columns whose types change on the way
     * @return empty if the source has no rows
     */
    public static Optional<DefaultSample> read(
            Session session, NewTable plan, Conversions conversions, DefaultShare share) throws SQLException {
        NewTableSpec spec = plan.spec();
        LimitedReading.Result<Counts> read;
        try {
            read = new LimitedReading(session, LIMIT).run("a sample", () -> count(session, plan, conversions));
        } catch (SQLException e) {
            if (e.getSQLState() == null || SqlState.isConnectionLost(e) || SqlState.QUERY_CANCELED.matches(e)) {
                throw e;
            }
            // The copy reports every other obstacle in a row or in a user's expression, with the row's key.
            read = LimitedReading.Result.none(SqlState.firstLine(e));
        }
        if (read.value().isEmpty()) {
            return Optional.of(new DefaultSample(
                    spec, 0, false, DefaultRows.none(), Optional.empty(), share, Optional.of(read.why())));
        }
        Counts counts = read.value().get();
        Optional<Counted> aside = counts.aside();
        return counts.rows() == 0
                ? Optional.empty()
                : Optional.of(new DefaultSample(
                        spec,
                        counts.rows(),
                        counts.whole(),
                        aside.map(Counted::causes).orElse(DefaultRows.none()),
                        aside.filter(it -> it.first() != null).map(it -> "%s to %s".formatted(it.first(), it.last())),
                        share,
                        Optional.empty()));
    }

    private static Counts count(Session session, NewTable plan, Conversions conversions) throws SQLException {
        RowSample sample =
                RowSample.of(session, plan.spec().source(), plan.key().columns());
        return new Counts(
                sample.whole(),
                session.query(
                        count(plan, conversions, sample),
                        row -> new Counted(
                                row.getBoolean("aside"),
                                row.getLong("rows"),
                                DefaultRows.read(row),
                                row.getString("first"),
                                row.getString("last"))));
    }

    private static Sql count(NewTable plan, Conversions conversions, RowSample sample) {
        PartitionKey key = plan.key();
        PartitionLayout layout = plan.spec().layout();
        TextDateFormat format = plan.spec().partitionKey().textDateFormat();
        Function<Identifier, Sql> converted = column -> Sql.list("n", List.of(column));
        List<Sql> columns = key.columns().stream()
                .map(column -> AS.with(
                                "value",
                                conversions.convert(
                                        column, Sql.list("t", List.of(column)), RowShape.SOURCE, RowShape.NEW))
                        .with("column", column))
                .toList();
        Sql time = key.time(converted, format);
        return COUNT.with("counts", DefaultRows.counts(layout))
                .with("value", key.isColumn() ? key.value(converted) : time)
                .with("time", time)
                .with("empty", DefaultRows.empty(key, converted))
                .with("from", key.bound(layout.from()))
                .with("until", key.bound(layout.until()))
                .with("columns", Sql.list(columns))
                .with("sample", sample.rows());
    }

    /** The default partition; or, if triggers route the rows, the child that takes its place. */
    public QualifiedName partition() {
        return spec.defaultPartition();
    }

    /** Whether a larger share of the sample would be there than may be there. */
    public boolean isExceeded() {
        return share.isExceeded(aside.total(), rows);
    }

    /** The obstacle that the setting is wrong; empty if a sample cannot show it. */
    public Optional<Obstacle> obstacle() {
        // If half of the rows may be there, they are expected there, and a sample of nothing else is no surprise.
        boolean expected = !share.isExceeded(1, 2);
        return rows < ENOUGH || aside.total() < rows || expected
                ? Optional.empty()
                : Optional.of(new Obstacle(
                        Feature.COLUMNS,
                        "all of %s would be in the default partition %s, and maxDefaultShare is %s: %s"
                                .formatted(sampled(), partition(), share, described()),
                        "%s; where these rows belong there, set maxDefaultShare: 100%% in the config and generate again, or as an attribute of partitionable, createPartitionedTable, verifyCopy and lockedSwap"
                                .formatted(check())));
    }

    /** The finding, in sentences for people. */
    public String sentence() {
        if (notRead.isPresent()) {
            return "Whether the date is read right is not known, for no sample was read: %s.".formatted(notRead.get());
        }
        if (aside.total() == 0) {
            return "None of %s would be in the default partition %s.".formatted(sampled(), partition());
        }
        String found = "%s of %s would be in the default partition %s"
                .formatted(DefaultShare.percentOf(aside.total(), rows), sampled(), partition());
        if (!isExceeded()) {
            return "%s: %s.".formatted(found, described());
        }
        String check = check();
        return "%s, more than maxDefaultShare (%s): %s. verifyCopy counts them all, and where they are so many, it fails and nothing is swapped. %s. Where these rows belong there, set maxDefaultShare: %s."
                .formatted(
                        found,
                        share,
                        described(),
                        Character.toUpperCase(check.charAt(0)) + check.substring(1),
                        DefaultShare.atLeast(aside.total(), rows));
    }

    private String sampled() {
        return String.format(Locale.ROOT, whole ? "its %,d rows" : "a sample of %,d rows", rows);
    }

    private String described() {
        return aside.describe(first(), until());
    }

    private String first() {
        return spec.layout().interval().write(spec.layout().from());
    }

    private String until() {
        return spec.layout().interval().write(spec.layout().until());
    }

    /** Advice on the settings that may be wrong, judged by the finding. */
    private String check() {
        PartitionKeySpec key = spec.partitionKey();
        List<String> settings = new ArrayList<>();
        key.textFormat().ifPresent(format -> settings.add("textFormat (%s)".formatted(format)));
        key.epoch().ifPresent(unit -> settings.add("epoch (%s)".formatted(unit)));
        key.keyTime().ifPresent(kind -> settings.add("keyTime (%s)".formatted(kind)));
        if (aside.before() + aside.after() > 0) {
            settings.add("from (%s), until (%s)".formatted(first(), until()));
        }
        if (aside.nulls() + aside.unreadable() + aside.infinite() > 0 || settings.isEmpty()) {
            String and = settings.isEmpty() ? "" : "and ";
            settings.add(and
                    + (key.columns().size() == 1
                            ? "whether %s is the column that has the time"
                                    .formatted(key.columns().get(0))
                            : "whether %s are the columns that have the time"
                                    .formatted(String.join(
                                            ", ",
                                            key.columns().stream()
                                                    .map(Identifier::name)
                                                    .toList()))));
        }
        return "check " + String.join(", ", settings)
                + span.map(" (these rows are read as times from %s)"::formatted).orElse("");
    }
}
