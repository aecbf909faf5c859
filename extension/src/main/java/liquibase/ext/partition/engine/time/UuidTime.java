package liquibase.ext.partition.engine.time;

import java.time.LocalDate;
import java.util.Optional;
import liquibase.ext.partition.engine.sql.Sql;

/**
 * A {@code uuid} column whose first 48 bits are milliseconds since 1970: a UUID of version 7 (RFC 9562, section 5.7),
 * or a ULID. UUIDs are sorted by their bytes, so their order is that of time.
 *
 * <p>The upper 32 bits and the lower 16 are multiplied separately: a product with an interval is computed as a double,
 * and would be off by some microseconds from the year 4253 on.
 *
 * @param onlyVersion7 whether {@link #time} is NULL for a UUID of another version or variant, such as random UUIDs. A
 *     ULID has no version
 */
record UuidTime(boolean onlyVersion7) implements TimeEncoding {
    static final long BITS_48 = (1L << 48) - 1;

    private static final Sql FROM_BITS = Sql.of("""
            timestamp '1970-01-01'
              + ('x' || pg_catalog.left({uuid}, 8))::bit(32)::bigint * interval '65.536 seconds'
              + ('x' || pg_catalog.substr({uuid}, 10, 4))::bit(16)::int * interval '1 millisecond'""");

    private static final Sql IF_VERSION_7 = Sql.of("""
            CASE WHEN pg_catalog.substr({uuid}, 15, 1) = '7' AND pg_catalog.substr({uuid}, 20, 1) IN ('8', '9', 'a', 'b')
              THEN {time} END""");

    @Override
    public Sql time(Sql column) {
        Sql time = onlyVersion7
                ? IF_VERSION_7.with("time", FROM_BITS)
                : Sql.of("({time})").with("time", FROM_BITS);
        return time.with("uuid", Sql.of("({column})::pg_catalog.text").with("column", column));
    }

    @Override
    public Optional<Sql> bound(LocalDate day) {
        String hex = "%012x".formatted(millis(day));
        return Optional.of(
                Sql.literal("%s-%s-0000-0000-000000000000".formatted(hex.substring(0, 8), hex.substring(8))));
    }

    /** @throws IllegalArgumentException with a message for people, when 48 bits cannot express the day */
    static long millis(LocalDate day) {
        long millis = day.toEpochDay() * Epoch.Unit.MILLISECONDS.perDay();
        if (millis < 0 || millis > BITS_48) {
            throw new IllegalArgumentException(
                    "%s is beyond what a key can say: UUIDs and ULIDs begin on 1970-01-01 and end on 10889-08-02."
                            .formatted(day));
        }
        return millis;
    }
}
