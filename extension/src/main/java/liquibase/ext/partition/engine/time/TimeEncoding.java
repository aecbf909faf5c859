package liquibase.ext.partition.engine.time;

import java.time.LocalDate;
import java.util.Optional;
import liquibase.ext.partition.engine.sql.Sql;

/**
 * The way in which one column records the time of a row. Every expression made here is immutable, so that it can be a
 * partition key, and depends on no setting of a session ({@code TimeZone}, {@code DateStyle}, {@code search_path}).
 */
public sealed interface TimeEncoding permits DateTime, TextDate, Epoch, UuidTime, UlidTime, SnowflakeTime {
    /**
     * The time as an expression of type {@code timestamp}, in UTC; NULL if the column holds no time. Never raises an
     * error.
     *
     * @param column an expression of the column's type
     */
    Sql time(Sql column);

    /**
     * Whether the column's own order is that of time, so that it can be the partition key itself; then every day has a
     * {@link #bound}.
     */
    default boolean isOrderedByTime() {
        return true;
    }

    /**
     * The constant, in the column's own type, at which {@code day} begins in UTC; rows of that day and later are not
     * less than it. Empty if the column's own order is not that of time: then only {@link #time} can be the partition
     * key.
     *
     * @throws IllegalArgumentException with a message for people, when the column's type cannot express that day
     */
    Optional<Sql> bound(LocalDate day);
}
