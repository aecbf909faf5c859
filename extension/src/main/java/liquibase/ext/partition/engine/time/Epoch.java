package liquibase.ext.partition.engine.time;

import java.math.BigDecimal;
import java.time.LocalDate;
import java.time.ZoneOffset;
import java.util.Arrays;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.stream.Collectors;
import liquibase.ext.partition.engine.sql.Sql;

/**
 * A column of numbers that count from 1970-01-01 00:00:00 UTC, without leap seconds, as in POSIX.
 *
 * <p>Exact: a number is split into days and the rest of the day, because {@code to_timestamp} and the product with an
 * interval round to a double's 53 bits. The part of a fraction below a microsecond is cut off, towards the past. NULL
 * outside the range of {@code timestamp}, for NaN and for the infinities.
 *
 * @param typeName one of {@link #TYPES}
 */
public record Epoch(Unit unit, String typeName) implements TimeEncoding {
    /** The types, by their names in the catalog. */
    public static final Set<String> TYPES = Set.of("int2", "int4", "int8", "numeric", "float4", "float8");

    private static final Map<String, BigDecimal> LARGEST = Map.of(
            "int2", BigDecimal.valueOf(Short.MAX_VALUE),
            "int4", BigDecimal.valueOf(Integer.MAX_VALUE),
            "int8", BigDecimal.valueOf(Long.MAX_VALUE));

    /**
     * The first day that {@code timestamp} can hold, and the day after the last, in days from 1970: 4714-11-24 BC,
     * 294277-01-01.
     */
    private static final long FIRST_DAY = LocalDate.of(-4713, 11, 24).toEpochDay();

    private static final long END_DAY = LocalDate.of(294_277, 1, 1).toEpochDay();

    private static final Sql TIME = Sql.of("""
            CASE WHEN {column} >= {first} AND {column} < {end}
              THEN timestamp '1970-01-01' + pg_catalog.make_interval(days => {days}::int, secs => {seconds}) END""");

    /** The unit of the numbers. */
    public enum Unit {
        SECONDS(1),
        MILLISECONDS(1_000);

        private final long perSecond;

        Unit(long perSecond) {
            this.perSecond = perSecond;
        }

        /** The unit's word in the table config. */
        public String word() {
            return name().toLowerCase(Locale.ROOT);
        }

        /** @throws IllegalArgumentException with a message for people, when there is no such unit */
        public static Unit parse(String word) {
            return Arrays.stream(values())
                    .filter(unit -> unit.word().equals(word))
                    .findFirst()
                    .orElseThrow(() -> new IllegalArgumentException("epoch is <%s>; it can be %s."
                            .formatted(
                                    word,
                                    Arrays.stream(values()).map(Unit::word).collect(Collectors.joining(" or ")))));
        }

        long perDay() {
            return 86_400 * perSecond;
        }
    }

    /** @throws IllegalArgumentException when it is no type of numbers */
    public Epoch {
        if (!TYPES.contains(typeName)) {
            throw new IllegalArgumentException("Not a type of numbers: " + typeName);
        }
    }

    @Override
    public Sql time(Sql column) {
        Sql number = typeName.equals("float4") ? Sql.of("({column})::double precision") : Sql.of("({column})");
        return TIME.with("days", days())
                .with("seconds", seconds())
                .with("first", constant(FIRST_DAY * unit.perDay()))
                .with("end", constant(END_DAY * unit.perDay()))
                .with("column", number.with("column", column));
    }

    private Sql days() {
        Sql days = switch (typeName) {
            case "numeric" -> Sql.of("pg_catalog.div({column}, {perDay})");
            case "float4", "float8" -> Sql.of("pg_catalog.floor({column} / {perDay})");
            default -> Sql.of("({column} / {perDay})");
        };
        return days.with("perDay", constant(unit.perDay()));
    }

    /**
     * The rest of the day, which is negative for whole numbers before 1970; a double holds the microseconds of a day
     * exactly.
     */
    private Sql seconds() {
        Sql rest = switch (typeName) {
            case "numeric" -> Sql.of("pg_catalog.floor({column} % {perDay} * {micros}) / 1000000.0");
            case "float4", "float8" ->
                Sql.of(
                        "pg_catalog.floor(({column} - pg_catalog.floor({column} / {perDay}) * {perDay}) * {micros}) / 1000000.0");
            default ->
                unit == Unit.SECONDS
                        ? Sql.of("{column} % {perDay}")
                        : Sql.of("({column} % {perDay})::double precision / 1000");
        };
        rest = rest.with("perDay", constant(unit.perDay()));
        return TYPES_OF_FRACTIONS.contains(typeName) ? rest.with("micros", constant(1_000_000 / unit.perSecond)) : rest;
    }

    private static final Set<String> TYPES_OF_FRACTIONS = Set.of("numeric", "float4", "float8");

    private static Sql constant(long number) {
        return Sql.raw(number < 0 ? "(" + number + ")" : String.valueOf(number));
    }

    /** False for {@code float4}, which rounds: it cannot hold the beginnings of most days. */
    @Override
    public boolean isOrderedByTime() {
        return !typeName.equals("float4");
    }

    /** Empty for {@code float4}, which cannot hold the beginnings of most days. */
    @Override
    public Optional<Sql> bound(LocalDate day) {
        if (typeName.equals("float4")) {
            return Optional.empty();
        }
        BigDecimal number = BigDecimal.valueOf(day.toEpochDay()).multiply(BigDecimal.valueOf(unit.perDay()));
        BigDecimal largest = LARGEST.get(typeName);
        if (largest != null && number.abs().compareTo(largest) > 0) {
            throw new IllegalArgumentException("%s is beyond what an %s can say as %s since 1970, which ends on %s."
                    .formatted(day, typeName, unit.word(), lastDay(largest)));
        }
        return Optional.of(Sql.literal(number.toPlainString()));
    }

    private LocalDate lastDay(BigDecimal largest) {
        return LocalDate.ofInstant(
                java.time.Instant.ofEpochSecond(largest.longValueExact() / unit.perSecond), ZoneOffset.UTC);
    }
}
