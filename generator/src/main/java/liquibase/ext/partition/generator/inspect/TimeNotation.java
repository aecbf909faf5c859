package liquibase.ext.partition.generator.inspect;

import java.util.Map;
import java.util.Optional;
import liquibase.ext.partition.engine.catalog.Column;
import liquibase.ext.partition.engine.sql.Sql;
import liquibase.ext.partition.engine.time.DateTime;
import liquibase.ext.partition.engine.time.Epoch;
import liquibase.ext.partition.engine.time.KeyTime;
import liquibase.ext.partition.engine.time.TextDateFormat;

/** A way of writing the time that we recognise in a column, with its setting in a config. */
enum TimeNotation {
    /** A date type of PostgreSQL's own. */
    DATE_TYPE(null, null, "in the range of a timestamp") {
        @Override
        Sql time(Column column) {
            return new DateTime(column.typeName()).time(WRITTEN);
        }
    },

    UUID_7("keyTime", "uuidv7", "a UUID of version 7") {
        @Override
        Sql time(Column column) {
            return new KeyTime.UuidV7().in(column.typeName()).time(WRITTEN);
        }
    },

    /**
     * Uses the expression of the function that would be made for the column, so that reading makes nothing in the
     * database.
     */
    ISO_TEXT("textFormat", TextDateFormat.ISO, "an ISO date") {
        @Override
        Sql time(Column column) {
            return TextDateFormat.parse(TextDateFormat.ISO).expression();
        }

        @Override
        Sql written(Sql column) {
            return TextDateFormat.written(column);
        }
    },

    EPOCH_SECONDS("epoch", Epoch.Unit.SECONDS.word(), "a number of seconds since 1970") {
        @Override
        Sql time(Column column) {
            return new Epoch(Epoch.Unit.SECONDS, column.typeName()).time(WRITTEN);
        }
    },

    EPOCH_MILLISECONDS("epoch", Epoch.Unit.MILLISECONDS.word(), "a number of milliseconds since 1970") {
        @Override
        Sql time(Column column) {
            return new Epoch(Epoch.Unit.MILLISECONDS, column.typeName()).time(WRITTEN);
        }
    };

    private static final Sql WRITTEN = Sql.of("written");

    private final String key;
    private final String value;
    private final String phrase;

    TimeNotation(String key, String value, String phrase) {
        this.key = key;
        this.value = value;
        this.phrase = phrase;
    }

    /**
     * The time of {@code written}, the content of {@code column}, as an expression of type {@code timestamp}, in UTC.
     * NULL if the content is no time; never raises an error; needs only what PostgreSQL itself has.
     */
    abstract Sql time(Column column);

    /** The expression over the column that {@link #time} takes as {@code written}. */
    Sql written(Sql column) {
        return column;
    }

    /** The key of {@code partitionBy} for this notation, and its value; empty if the column's type is enough. */
    Optional<Map.Entry<String, String>> setting() {
        return Optional.ofNullable(key).map(it -> Map.entry(it, value));
    }

    /** A phrase for a value that has a time, to follow {@code not}. */
    String phrase() {
        return phrase;
    }
}
