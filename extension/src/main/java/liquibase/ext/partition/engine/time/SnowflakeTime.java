package liquibase.ext.partition.engine.time;

import java.time.Instant;
import java.time.LocalDate;
import java.time.ZoneOffset;
import java.util.Optional;
import liquibase.ext.partition.engine.sql.Sql;

/**
 * A column of Snowflake ids: 41 bits of milliseconds since the epoch, then 22 of machine and sequence. {@link #time} is
 * NULL for negative numbers and for those of more than 63 bits.
 *
 * @param epoch the start of the count, in milliseconds since 1970
 * @param typeName {@code int8} or {@code numeric}
 */
record SnowflakeTime(long epoch, String typeName) implements TimeEncoding {
    private static final int LOWER_BITS = 22;
    private static final long LAST = Long.MAX_VALUE >> LOWER_BITS;

    /** The longest interval, see {@link #bound}. */
    private static final int DAYS_OF_YEAR = 366;

    private static final Sql OF_BIGINT = Sql.of("""
            CASE WHEN ({column}) >= 0
              THEN timestamp '1970-01-01' + ((({column}) >> 22) + {epoch}) * interval '1 millisecond' END""");

    private static final Sql OF_NUMERIC = Sql.of("""
            CASE WHEN ({column}) >= 0 AND ({column}) < 9223372036854775808
              THEN timestamp '1970-01-01' + (pg_catalog.div({column}, 4194304)::bigint + {epoch}) * interval '1 millisecond' END""");

    @Override
    public Sql time(Sql column) {
        Sql time = typeName.equals("numeric") ? OF_NUMERIC : OF_BIGINT;
        return time.with("column", column).with("epoch", Sql.raw(String.valueOf(epoch)));
    }

    /**
     * The least id of that day. A month, or a year, that contains the epoch begins with id 0; so a day up to a year
     * before the epoch can be expressed.
     */
    @Override
    public Optional<Sql> bound(LocalDate day) {
        long millis = day.toEpochDay() * Epoch.Unit.MILLISECONDS.perDay() - epoch;
        if (millis < -DAYS_OF_YEAR * Epoch.Unit.MILLISECONDS.perDay() || millis > LAST) {
            throw new IllegalArgumentException(
                    "%s is beyond what a snowflake id can say: with this epoch they begin on %s and end on %s."
                            .formatted(day, dayOf(epoch), dayOf(epoch + LAST)));
        }
        return Optional.of(Sql.literal(String.valueOf(Math.max(0, millis) << LOWER_BITS)));
    }

    private static LocalDate dayOf(long millis) {
        return LocalDate.ofInstant(Instant.ofEpochMilli(millis), ZoneOffset.UTC);
    }
}
