package liquibase.ext.partition.engine.time;

import java.time.DateTimeException;
import java.time.Instant;
import java.time.LocalDate;
import java.time.ZoneOffset;
import java.util.Set;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * A kind of key that begins with the time at which it was made, so that the order of keys is that of time. A table with
 * such a key is partitioned by the key itself and keeps {@code PRIMARY KEY (id)} alone.
 */
public sealed interface KeyTime {
    /** The possible kinds, for messages. */
    String SUPPORTED =
            "uuidv7, ulid, snowflake (Twitter's epoch) or snowflake(EPOCH), the epoch in milliseconds since 1970,"
                    + " as in snowflake(1288834974657), or as a date, as in snowflake(2015-01-01)";

    /** Whether columns of that type hold such keys; the type is given by its name in the catalog. */
    boolean isKeptIn(String typeName);

    /** The columns that hold such keys, to follow "needs" in messages. */
    String neededColumn();

    /** The encoding in a column of a type that {@linkplain #isKeptIn holds such keys}. */
    TimeEncoding in(String typeName);

    /**
     * Parses a kind as people write it: {@code uuidv7}, {@code ulid}, {@code snowflake},
     * {@code snowflake(1288834974657)}, {@code snowflake(2015-01-01)} or {@code snowflake(2015-01-01T00:00:00Z)}.
     *
     * @throws IllegalArgumentException with a message for people
     */
    static KeyTime parse(String text) {
        return switch (text) {
            case "uuidv7" -> new UuidV7();
            case "ulid" -> new Ulid();
            case "snowflake" -> new Snowflake(Snowflake.TWITTER);
            default -> Snowflake.parse(text);
        };
    }

    /** UUIDs of version 7, RFC 9562. */
    record UuidV7() implements KeyTime {
        @Override
        public boolean isKeptIn(String typeName) {
            return typeName.equals("uuid");
        }

        @Override
        public String neededColumn() {
            return "uuidv7 needs a uuid column";
        }

        @Override
        public TimeEncoding in(String typeName) {
            return new UuidTime(true);
        }
    }

    /** ULIDs, stored as {@code uuid} or as text. */
    record Ulid() implements KeyTime {
        @Override
        public boolean isKeptIn(String typeName) {
            return typeName.equals("uuid") || UlidTime.TYPES.contains(typeName);
        }

        @Override
        public String neededColumn() {
            return "ulid needs a uuid, text, varchar or char column";
        }

        @Override
        public TimeEncoding in(String typeName) {
            return typeName.equals("uuid") ? new UuidTime(false) : new UlidTime();
        }
    }

    /**
     * Numbers of 63 bits, whose upper 41 bits count milliseconds.
     *
     * @param epoch the start of the count, in milliseconds since 1970
     */
    record Snowflake(long epoch) implements KeyTime {
        /** 2010-11-04 01:42:54.657 UTC. */
        static final long TWITTER = 1_288_834_974_657L;

        private static final Set<String> TYPES = Set.of("int8", "numeric");
        private static final Pattern WRITTEN = Pattern.compile("snowflake\\(\\s*([^)\\s]+)\\s*\\)");
        /** 2100-01-01; from the year 4253 on a product with an interval would not be exact. */
        private static final long LATEST = 4_102_444_800_000L;

        public Snowflake {
            if (epoch < 0 || epoch > LATEST) {
                throw new IllegalArgumentException(
                        "A snowflake's epoch is between 1970 and 2100, not at %d ms since 1970.".formatted(epoch));
            }
        }

        @Override
        public boolean isKeptIn(String typeName) {
            return TYPES.contains(typeName);
        }

        @Override
        public String neededColumn() {
            return "snowflake needs a bigint or numeric column";
        }

        @Override
        public TimeEncoding in(String typeName) {
            return new SnowflakeTime(epoch, typeName);
        }

        private static Snowflake parse(String text) {
            Matcher matcher = WRITTEN.matcher(text);
            if (!matcher.matches()) {
                throw new IllegalArgumentException("keyTime is <%s>; it can be %s.".formatted(text, SUPPORTED));
            }
            String epoch = matcher.group(1);
            try {
                if (epoch.matches("[0-9]{1,18}")) {
                    return new Snowflake(Long.parseLong(epoch));
                }
                return new Snowflake((epoch.length() == 10
                                ? LocalDate.parse(epoch).atStartOfDay().toInstant(ZoneOffset.UTC)
                                : Instant.parse(epoch))
                        .toEpochMilli());
            } catch (DateTimeException | ArithmeticException e) {
                throw new IllegalArgumentException("keyTime is <%s>; it can be %s.".formatted(text, SUPPORTED), e);
            }
        }
    }
}
