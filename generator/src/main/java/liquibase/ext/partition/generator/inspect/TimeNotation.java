package liquibase.ext.partition.generator.inspect;

import java.util.Map;
import java.util.Optional;
import liquibase.ext.partition.engine.catalog.Column;
import liquibase.ext.partition.engine.sql.Sql;
import liquibase.ext.partition.engine.time.DateTime;
import liquibase.ext.partition.engine.time.Epoch;
import liquibase.ext.partition.engine.time.KeyTime;
import liquibase.ext.partition.engine.time.TextDateFormat;

/** A way of writing the time that we recognise in a column, and what a config says for it. */
enum TimeNotation {
    /** A type of PostgreSQL's own for dates. */
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

    /** The expression of the function that would be made for the column: nothing is made in the database to read it. */
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
     * The time of {@code written}, what {@code column} holds, as an expression of type {@code timestamp}, in UTC. NULL
     * where that is no time; never raises an error; needs nothing in the database that is not PostgreSQL's own.
     */
    abstract Sql time(Column column);

    /** What {@link #time} takes for {@code written}, of the column. */
    Sql written(Sql column) {
        return column;
    }

    /** The key of {@code partitionBy} that says so, and its value; empty where the column's type says it. */
    Optional<Map.Entry<String, String>> setting() {
        return Optional.ofNullable(key).map(it -> Map.entry(it, value));
    }

    /** What a value is that has a time, to go on with after {@code not}. */
    String phrase() {
        return phrase;
    }
}
