package liquibase.ext.partition.generator.config;

import java.time.LocalDate;
import java.util.List;
import java.util.stream.Stream;
import liquibase.ext.partition.engine.target.PartitionInterval;

/**
 * How rows are spread over partitions.
 *
 * @param columns what decides a row's partition; exactly one for now
 * @param interval the span of one partition
 * @param from the first day with a partition; an interval starts on it
 * @param until the first day without one; an interval starts on it, and it is later than {@code from}
 */
public record PartitionBy(List<String> columns, PartitionInterval interval, LocalDate from, LocalDate until) {
    /** Copies the list. */
    public PartitionBy {
        columns = List.copyOf(columns);
    }

    /** How many partitions there are, without the default one. */
    public long partitionCount() {
        return Stream.iterate(from, start -> start.isBefore(until), interval::next)
                .count();
    }
}
