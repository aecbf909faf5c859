package liquibase.ext.partition.engine.time;

import java.time.LocalDate;
import java.util.Optional;
import java.util.Set;
import liquibase.ext.partition.engine.sql.Sql;

/**
 * A column of one of PostgreSQL's own date types.
 *
 * @param typeName {@code date}, {@code timestamp} or {@code timestamptz}
 */
public record DateTime(String typeName) implements TimeEncoding {
    /** The types, by their names in the catalog. */
    public static final Set<String> TYPES = Set.of("date", "timestamp", "timestamptz");

    private static final Sql AT_UTC = Sql.of("({column} AT TIME ZONE 'UTC')");

    /** A date goes up to the year 5874897, and its cast to timestamp raises an error from 294277 on. */
    private static final Sql AS_TIMESTAMP = Sql.of("""
            CASE WHEN {column} < pg_catalog.date '294277-01-01' OR NOT pg_catalog.isfinite({column}) THEN ({column})::timestamp END""");

    /** @throws IllegalArgumentException when it is another type */
    public DateTime {
        if (!TYPES.contains(typeName)) {
            throw new IllegalArgumentException("Not a type of dates: " + typeName);
        }
    }

    @Override
    public Sql time(Sql column) {
        return switch (typeName) {
            case "timestamptz" -> AT_UTC.with("column", column);
            case "date" -> AS_TIMESTAMP.with("column", column);
            default -> column;
        };
    }

    /** With an explicit offset: {@code timestamptz} reads it, the other types ignore it. */
    @Override
    public Optional<Sql> bound(LocalDate day) {
        return Optional.of(Sql.literal(day + " 00:00:00+00"));
    }
}
