package liquibase.ext.partition.generator.inspect;

import java.sql.SQLException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.Set;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import liquibase.ext.partition.engine.belonging.foreignkeys.read.ForeignKey;
import liquibase.ext.partition.engine.belonging.foreignkeys.read.ForeignKeyReader;
import liquibase.ext.partition.engine.catalog.Column;
import liquibase.ext.partition.engine.catalog.Table;
import liquibase.ext.partition.engine.sql.Identifier;
import liquibase.ext.partition.engine.sql.Session;
import liquibase.ext.partition.engine.sql.Sql;
import liquibase.ext.partition.engine.survey.sample.LimitedReading;
import liquibase.ext.partition.engine.survey.sample.RowSample;
import liquibase.ext.partition.engine.time.TextDate;

/** Finds columns that write the time other than by a date type, by looking at some rows of a table. */
final class TimeSample {
    /**
     * The share of the values that must have a time. Not all of them: real tables have some that are empty or garbage.
     */
    private static final double ENOUGH = 0.95;

    /** Many ids and amounts are of the size of an epoch in seconds, so a column with another name is only a guess. */
    private static final Pattern NAME_OF_A_TIME = Pattern.compile("(_at|_on|_ts|_ms)$|time|(?<!up)date|epoch|stamp"
            + "|^(at|ts|ctime|mtime)$|^(creat|updat|delet|edit|insert|modif|chang|expir)(e|ed|es|ied)?(at|on|ts)?$");

    private static final Pattern CAMEL_CASE_OF_A_TIME = Pattern.compile("[a-z](At|On|Ts|Ms)$");

    /** An {@code integer} ends in 2038 if it counts seconds, and in January 1970 if it counts milliseconds. */
    private static final Set<String> TYPES_OF_SECONDS = Set.of("int4", "int8", "numeric", "float8");

    private static final Set<String> TYPES_OF_MILLISECONDS = Set.of("int8", "numeric", "float8");

    private static final Sql SAMPLE =
            Sql.of("SELECT pg_catalog.count(*) AS rows, {counts} FROM {rows} AS source {times}");

    private static final Sql COUNTS = Sql.of("""
            pg_catalog.count({column}), pg_catalog.count(*) FILTER (WHERE {fits}),
            pg_catalog.avg(pg_catalog.date_part('epoch', {time})) FILTER (WHERE pg_catalog.isfinite({time}))""");

    private static final int NUMBERS_BEFORE = 1;
    private static final int NUMBERS_OF_A_COLUMN = 3;

    private static final Sql ANY_TIME = Sql.of("{time} IS NOT NULL");
    private static final Sql TIME = Sql.of("{alias}.at");

    private final Session session;
    private final LimitedReading reading;

    /** @param limit how long the sample may be read */
    TimeSample(Session session, Duration limit) {
        this.session = session;
        this.reading = new LimitedReading(session, limit);
    }

    /**
     * The result of a sample.
     *
     * @param fitting the columns that write the time, the likeliest first
     * @param looked all columns that were looked at
     * @param rows the number of rows that were read
     */
    record Found(List<TimeColumn> fitting, List<TimeColumn> looked, long rows) {
        /** The columns in which no time was found, as a phrase that follows "it has no date, and". */
        String nothing() {
            if (looked.isEmpty()) {
                return "it has no other column in which a time was looked for: a uuid of the key, a text, or a number that is neither a key, nor counted by a sequence, nor refers to another table";
            }
            if (rows == 0) {
                return "it has no rows by which to tell whether another column holds the time";
            }
            return String.format(
                    Locale.ROOT,
                    "%,d rows that were looked at show %s",
                    rows,
                    List.of(
                                    described("UUIDs of version 7", Set.of(TimeNotation.UUID_7)),
                                    described("ISO dates", Set.of(TimeNotation.ISO_TEXT)),
                                    described(
                                            "seconds or milliseconds since 1970",
                                            Set.of(TimeNotation.EPOCH_SECONDS, TimeNotation.EPOCH_MILLISECONDS)))
                            .stream()
                            .flatMap(Optional::stream)
                            .collect(Collectors.joining(", and ")));
        }

        private Optional<String> described(String what, Set<TimeNotation> notations) {
            Set<String> names = looked.stream()
                    .filter(column -> notations.contains(column.notation()))
                    .map(column -> column.name().name())
                    .collect(Collectors.toCollection(LinkedHashSet::new));
            return names.isEmpty()
                    ? Optional.empty()
                    : Optional.of("no %s in %s".formatted(what, String.join(", ", names)));
        }
    }

    /** A column that writes the time, and the average of its times in seconds since 1970. */
    private record Fitting(TimeColumn column, double average) {}

    /**
     * The columns that write the time, the likeliest first. A key of UUIDs of version 7 comes first. Columns whose form
     * (of a text) or name (of a number) says that they are a time come before those that only have the right size;
     * columns that do not change come before those that change with an edit; texts come before numbers. Of two columns
     * that are alike in all this, the earlier time comes first, because a row is made before it is edited. The result
     * has no value if the sample may not be read, or is not read in time.
     */
    LimitedReading.Result<Found> columns(Table table, List<Identifier> key) throws SQLException {
        Set<Identifier> others = new LinkedHashSet<>(key);
        for (ForeignKey reference : new ForeignKeyReader(session).own(table.oid())) {
            reference.columns().forEach(pair -> others.add(pair.column()));
        }
        List<TimeColumn> possible = possible(table, key, others);
        return possible.isEmpty()
                ? new LimitedReading.Result<>(Optional.of(new Found(List.of(), List.of(), 0)), null)
                : reading.run("a sample", () -> found(table, possible));
    }

    /** Whether more than the size of its numbers says that the column is a time. */
    static boolean isSure(TimeColumn column) {
        return switch (column.notation()) {
            case DATE_TYPE, UUID_7, ISO_TEXT -> true;
            case EPOCH_SECONDS, EPOCH_MILLISECONDS -> isNamedForATime(column.column());
        };
    }

    private static boolean isNamedForATime(Column column) {
        String name = column.name().name();
        return NAME_OF_A_TIME.matcher(name.toLowerCase(Locale.ROOT)).find()
                || CAMEL_CASE_OF_A_TIME.matcher(name).find();
    }

    /** @param ids columns that identify rows, or refer to others */
    private static List<TimeColumn> possible(Table table, List<Identifier> key, Set<Identifier> ids) {
        List<TimeColumn> possible = new ArrayList<>();
        for (TimeNotation notation : TimeNotation.values()) {
            table.columns().stream()
                    .filter(column -> !column.generated() && mayBe(notation, column, key, ids))
                    .map(column -> new TimeColumn(column, notation))
                    .forEach(possible::add);
        }
        return possible;
    }

    private static boolean mayBe(TimeNotation notation, Column column, List<Identifier> key, Set<Identifier> ids) {
        return switch (notation) {
            case DATE_TYPE -> false;
            case UUID_7 -> column.typeName().equals("uuid") && key.contains(column.name());
            case ISO_TEXT -> TextDate.TYPES.contains(column.typeName());
            case EPOCH_SECONDS -> TYPES_OF_SECONDS.contains(column.typeName()) && mayCount(column, ids);
            case EPOCH_MILLISECONDS -> TYPES_OF_MILLISECONDS.contains(column.typeName()) && mayCount(column, ids);
        };
    }

    private static boolean mayCount(Column column, Set<Identifier> ids) {
        boolean isId = ids.contains(column.name()) || !column.sequences().isEmpty();
        return !isId || isNamedForATime(column);
    }

    private Found found(Table table, List<TimeColumn> possible) throws SQLException {
        RowSample rows = RowSample.of(
                session,
                table.name(),
                new LinkedHashSet<>(possible.stream().map(TimeColumn::name).toList()));
        List<Sql> counts = new ArrayList<>();
        List<Sql> times = new ArrayList<>();
        for (TimeColumn column : possible) {
            Identifier alias = new Identifier("time" + times.size());
            Sql time = TIME.with("alias", alias);
            times.add(column.joined(alias));
            counts.add(COUNTS.with("column", column.ofSource())
                    .with("fits", fits(column.notation(), time))
                    .with("time", time));
        }
        Sql sample = SAMPLE.with("counts", Sql.list(counts))
                .with("rows", rows.rows())
                .with("times", Sql.join("\n", times));
        return session.query(sample, row -> {
                    List<Fitting> fitting = new ArrayList<>();
                    for (int i = 0; i < possible.size(); i++) {
                        int at = NUMBERS_BEFORE + NUMBERS_OF_A_COLUMN * i;
                        long values = row.getLong(at + 1);
                        if (values > 0 && row.getLong(at + 2) >= ENOUGH * values) {
                            fitting.add(new Fitting(possible.get(i), row.getDouble(at + 3)));
                        }
                    }
                    return new Found(likeliestFirst(fitting), possible, row.getLong("rows"));
                })
                .get(0);
    }

    private static List<TimeColumn> likeliestFirst(List<Fitting> fitting) {
        return fitting.stream()
                .sorted(Comparator.comparing((Fitting it) -> it.column().notation() != TimeNotation.UUID_7)
                        .thenComparing(it -> !isSure(it.column()))
                        .thenComparing(
                                it -> PartitionColumns.changes(it.column().name()))
                        .thenComparing(it -> it.column().notation() != TimeNotation.ISO_TEXT)
                        .thenComparing(it -> PartitionColumns.doubt(it.column().name()))
                        .thenComparing(Fitting::average))
                .map(Fitting::column)
                .toList();
    }

    /** The form of a text shows that it is a date; for a number, only the size does. */
    private static Sql fits(TimeNotation notation, Sql time) {
        return notation == TimeNotation.ISO_TEXT ? ANY_TIME.with("time", time) : Plausible.is(time);
    }
}
