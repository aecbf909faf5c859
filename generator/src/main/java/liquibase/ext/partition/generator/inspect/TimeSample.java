package liquibase.ext.partition.generator.inspect;

import java.sql.SQLException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Optional;
import java.util.regex.Pattern;
import liquibase.ext.partition.engine.catalog.Column;
import liquibase.ext.partition.engine.catalog.Table;
import liquibase.ext.partition.engine.sql.Identifier;
import liquibase.ext.partition.engine.sql.Session;
import liquibase.ext.partition.engine.sql.Sql;
import liquibase.ext.partition.engine.survey.LimitedReading;
import liquibase.ext.partition.engine.survey.RowSample;
import liquibase.ext.partition.engine.time.TextDate;

/** Finds columns that write the time otherwise than by a type for dates, by looking at some rows of a table. */
final class TimeSample {
    /** Which part of the values must have a time. Not all: a few that are empty or garbage are what real tables have. */
    private static final double ENOUGH = 0.95;

    /** Half of all ids have the size of an epoch in seconds, so that the name has to agree. */
    private static final Pattern NAME_OF_A_TIME =
            Pattern.compile("(_at|_on|_ts|_ms|[a-z]At)$|time|date|epoch|^(at|ts|created|updated)$");

    private static final Sql SAMPLE = Sql.of("SELECT {counts} FROM {rows} AS source {times}");

    private static final Sql COUNTS = Sql.of("pg_catalog.count({column}), pg_catalog.count(*) FILTER (WHERE {fits})");
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
     * The columns that write the time, the likeliest first: a key of UUIDs of version 7, then texts, then epochs; of these in the
     * order of the table. Without a value where the sample may not be read or is not read in time.
     */
    LimitedReading.Result<List<TimeColumn>> columns(Table table, List<Identifier> key) throws SQLException {
        List<TimeColumn> possible = possible(table, key);
        if (possible.isEmpty()) {
            return new LimitedReading.Result<>(Optional.of(List.of()), null);
        }
        return reading.run("a sample", () -> fitting(table, possible));
    }

    private static List<TimeColumn> possible(Table table, List<Identifier> key) {
        List<TimeColumn> possible = new ArrayList<>();
        for (TimeNotation notation : TimeNotation.values()) {
            table.columns().stream()
                    .filter(column -> !column.generated() && mayBe(notation, column, key))
                    .map(column -> new TimeColumn(column, notation))
                    .forEach(possible::add);
        }
        return possible;
    }

    private static boolean mayBe(TimeNotation notation, Column column, List<Identifier> key) {
        return switch (notation) {
            case DATE_TYPE -> false;
            case UUID_7 -> column.typeName().equals("uuid") && key.contains(column.name());
            case ISO_TEXT -> TextDate.TYPES.contains(column.typeName());
            case EPOCH_SECONDS, EPOCH_MILLISECONDS ->
                column.typeName().equals("int8")
                        && NAME_OF_A_TIME.matcher(column.name().name()).find();
        };
    }

    private List<TimeColumn> fitting(Table table, List<TimeColumn> possible) throws SQLException {
        RowSample rows = RowSample.of(
                session,
                table.name(),
                new LinkedHashSet<>(possible.stream().map(TimeColumn::name).toList()));
        List<Sql> counts = new ArrayList<>();
        List<Sql> times = new ArrayList<>();
        for (TimeColumn column : possible) {
            Identifier alias = new Identifier("time" + times.size());
            times.add(column.joined(alias));
            counts.add(COUNTS.with("column", column.ofSource())
                    .with("fits", fits(column.notation(), TIME.with("alias", alias))));
        }
        Sql sample = SAMPLE.with("counts", Sql.list(counts))
                .with("rows", rows.rows())
                .with("times", Sql.join("\n", times));
        return session.query(sample, row -> {
                    List<TimeColumn> fitting = new ArrayList<>();
                    for (int i = 0; i < possible.size(); i++) {
                        long values = row.getLong(2 * i + 1);
                        if (values > 0 && row.getLong(2 * i + 2) >= ENOUGH * values) {
                            fitting.add(possible.get(i));
                        }
                    }
                    return fitting;
                })
                .get(0);
    }

    /** A text says by its form that it is a date, and a number only by its size. */
    private static Sql fits(TimeNotation notation, Sql time) {
        return notation == TimeNotation.ISO_TEXT ? ANY_TIME.with("time", time) : Plausible.is(time);
    }
}
