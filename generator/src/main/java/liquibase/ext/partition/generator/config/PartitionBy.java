package liquibase.ext.partition.generator.config;

import java.time.LocalDate;
import java.util.List;
import java.util.stream.Stream;
import liquibase.ext.partition.engine.partitioning.PartitionInterval;
import liquibase.ext.partition.engine.partitioning.Runway;
import liquibase.ext.partition.engine.time.Epoch;

/**
 * How rows are spread over partitions.
 *
 * @param columns the columns that decide a row's partition: the first of them, in this order, that has a time; at least
 *     one
 * @param combinedColumn a new generated column with that time; null for none
 * @param textFormat how columns of text write the time; null for the extension's default, ISO
 * @param epoch the unit in which columns of numbers count since 1970; null when they do not
 * @param keyTime the kind of time-ordered key in the columns: {@code uuidv7}, {@code ulid}, {@code snowflake} or
 *     {@code snowflake(2015-01-01)}; null for none
 * @param interval the span of one partition
 * @param from the first day with a partition; an interval starts on it
 * @param until the first day without one; an interval starts on it, and it is later than {@code from}; null if
 *     {@code ahead} is given
 * @param ahead how many intervals after the present one have a partition; null if {@code until} is given
 */
public record PartitionBy(
        List<String> columns,
        String combinedColumn,
        String textFormat,
        Epoch.Unit epoch,
        String keyTime,
        PartitionInterval interval,
        LocalDate from,
        LocalDate until,
        Integer ahead) {
    /** Copies the list. */
    public PartitionBy {
        columns = List.copyOf(columns);
    }

    /**
     * The number of partitions, without the default one, that the first step makes.
     *
     * @throws NullPointerException if it depends on the day, since {@code until} is not given
     */
    public long partitionCount() {
        return Stream.iterate(from, start -> start.isBefore(until), interval::next)
                .count();
    }

    /** How far the partitions reach. */
    public Runway runway() {
        return until == null ? Runway.ahead(ahead) : Runway.until(until.toString());
    }
}
