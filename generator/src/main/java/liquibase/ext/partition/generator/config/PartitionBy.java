package liquibase.ext.partition.generator.config;

import java.time.YearMonth;
import java.time.temporal.ChronoUnit;
import java.util.List;

/**
 * How rows are spread over partitions.
 *
 * @param columns what decides a row's partition; exactly one for now
 * @param interval the span of one partition; {@code month} for now
 * @param from the first month with a partition
 * @param until the first month without one; later than {@code from}
 */
public record PartitionBy(List<String> columns, String interval, YearMonth from, YearMonth until) {
    /** Copies the list. */
    public PartitionBy {
        columns = List.copyOf(columns);
    }

    /** How many partitions there are, without the default one. */
    public long partitionCount() {
        return ChronoUnit.MONTHS.between(from, until);
    }
}
