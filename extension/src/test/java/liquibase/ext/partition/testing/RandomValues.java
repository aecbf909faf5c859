package liquibase.ext.partition.testing;

import java.time.Instant;
import java.time.LocalDate;
import java.time.ZoneOffset;
import java.util.HexFormat;
import java.util.List;
import java.util.Map;
import java.util.SplittableRandom;
import java.util.UUID;
import java.util.regex.Pattern;
import liquibase.ext.partition.testing.WrittenTable.Column;

/**
 * Random column values, as text for {@code CAST(? AS type)}. Not thread-safe: a {@link Writer} has its own.
 *
 * @param given the source of a column's values, by its name in the catalog; if it is missing, the type decides
 * @param outliers whether one date in two hundred is one for which no partition is made
 * @param firstKey the keys that {@link #newKey} makes for number types are below it (and below zero): sequences count
 *     upwards, so the two never meet
 */
record RandomValues(
        SplittableRandom random,
        Map<String, RandomValue> given,
        LocalDate from,
        LocalDate until,
        boolean outliers,
        long firstKey) {

    private static final List<String> OUTLIERS = List.of("1970-01-01", "2999-12-31", "infinity", "-infinity");
    private static final Pattern MODIFIER = Pattern.compile("\\(.*?\\)");

    String valueOf(Column column) {
        RandomValue value = given.get(column.catalogName());
        if (value != null) {
            return value.next(random);
        }
        if (!column.notNull() && oneIn(20)) {
            return null;
        }
        return switch (MODIFIER.matcher(column.type()).replaceAll("")) {
            case "text", "character varying", "character" -> text();
            case "smallint", "integer", "bigint", "numeric" -> Integer.toString(random.nextInt(100));
            case "real", "double precision" -> random.nextInt(10_000) + ".25";
            case "boolean" -> Boolean.toString(random.nextBoolean());
            case "uuid" -> uuid();
            case "date", "timestamp without time zone", "timestamp with time zone" -> date();
            case "json", "jsonb" -> "{\"n\": %d}".formatted(random.nextInt(1000));
            case "bytea" -> "\\x" + text();
            default ->
                throw new IllegalArgumentException("No random value for %s of type %s: say Builder.values"
                        .formatted(column.name(), column.type()));
        };
    }

    /** A date for the partition key, in any month from {@code from} to {@code until}. */
    String date() {
        if (outliers && oneIn(200)) {
            return OUTLIERS.get(random.nextInt(OUTLIERS.size()));
        }
        long first = from.atStartOfDay().toEpochSecond(ZoneOffset.UTC);
        long end = until.atStartOfDay().toEpochSecond(ZoneOffset.UTC);
        return Instant.ofEpochSecond(random.nextLong(first, end), random.nextInt(1_000_000) * 1000L)
                .toString();
    }

    /**
     * The value of a column in a key that no row has had.
     *
     * @param writer the writer's number, one of {@code writers}
     * @param serial counts the writer's keys
     */
    String newKey(Column key, int writer, int writers, long serial) {
        RandomValue value = given.get(key.catalogName());
        if (value != null) {
            return value.next(random);
        }
        return switch (MODIFIER.matcher(key.type()).replaceAll("")) {
            case "uuid" -> uuid();
            case "date", "timestamp without time zone", "timestamp with time zone" -> date();
            case "text", "character varying" -> "w%d-%d-%08x".formatted(writer, serial, random.nextInt());
            case "smallint", "integer", "bigint", "numeric" ->
                Long.toString(Math.min(0, firstKey) - 1 - writer - serial * writers);
            default ->
                throw new IllegalArgumentException("No new key for %s of type %s".formatted(key.name(), key.type()));
        };
    }

    boolean oneIn(int n) {
        return random.nextInt(n) == 0;
    }

    private String uuid() {
        return new UUID(random.nextLong(), random.nextLong()).toString();
    }

    /** Usually short; now and then too long to be stored in line, though not for an index. */
    private String text() {
        byte[] bytes = new byte[oneIn(200) ? 1100 : 2 + random.nextInt(8)];
        random.nextBytes(bytes);
        return HexFormat.of().formatHex(bytes);
    }
}
