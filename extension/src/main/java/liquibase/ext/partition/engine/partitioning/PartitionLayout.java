package liquibase.ext.partition.engine.partitioning;

import java.time.LocalDate;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import liquibase.ext.partition.engine.sql.Identifier;

/**
 * The partitions of a table: one per interval from {@code from} (inclusive) until {@code until} (exclusive), and the
 * default partition for every row outside. The first and the last interval are cut off at these days.
 *
 * @param prefix the beginning of the partitions' names: {@code orders_} gives {@code orders_202401}
 * @param defaultPartition the partition that takes every row outside the ranges
 */
public record PartitionLayout(
        String prefix, PartitionInterval interval, LocalDate from, LocalDate until, Identifier defaultPartition) {
    private static final String DEFAULT_SUFFIX = "default";

    /**
     * @throws IllegalArgumentException with a message for people, when the range is empty, a name would be too long or
     * two names would be the same
     */
    public PartitionLayout {
        if (!from.isBefore(until)) {
            throw new IllegalArgumentException(
                    "from is %s and until is %s; until is the first %s without a partition and must be later."
                            .formatted(from, until, interval.word()));
        }
        LocalDate last = interval.startOf(until.minusDays(1));
        if (from.getYear() < 1
                || interval.suffix(last).length() != interval.suffix(from).length()) {
            throw new IllegalArgumentException(
                    "from is %s and until is %s; names of partitions are distinct for the years 1 to 9999 only."
                            .formatted(from, until));
        }
        // Checked here, and not when the first statement is made.
        new Identifier(prefix + interval.suffix(from));
        new Identifier(prefix + interval.suffix(last));
    }

    /**
     * A layout whose default partition is named as the others are: {@code orders_default}.
     *
     * @throws IllegalArgumentException as for the other constructor
     */
    public PartitionLayout(String prefix, PartitionInterval interval, LocalDate from, LocalDate until) {
        this(prefix, interval, from, until, nameOfDefault(prefix));
    }

    /** The name of a default partition that is named as the others are. */
    public static Identifier nameOfDefault(String prefix) {
        return new Identifier(prefix + DEFAULT_SUFFIX);
    }

    /**
     * Parses a layout as people write it.
     *
     * @throws IllegalArgumentException with a message for people
     */
    public static PartitionLayout parse(String prefix, String interval, String from, String until) {
        PartitionInterval parsed = PartitionInterval.parse(interval);
        return new PartitionLayout(prefix, parsed, parsed.parseBound("from", from), parsed.parseBound("until", until));
    }

    /** The partitions in order of their ranges, without the default one. */
    public List<Partition> partitions() {
        List<Partition> partitions = new ArrayList<>();
        LocalDate end;
        for (LocalDate start = from; start.isBefore(until); start = end) {
            LocalDate whole = interval.startOf(start);
            end = interval.next(whole).isBefore(until) ? interval.next(whole) : until;
            partitions.add(new Partition(new Identifier(prefix + interval.suffix(whole)), start, end));
        }
        return partitions;
    }

    /**
     * The partition of that name; empty if it does not belong to this layout. It may lie after {@code until}, if it was
     * made since.
     */
    public Optional<Partition> partition(Identifier name) {
        return name.name().startsWith(prefix)
                ? interval.startOfSuffix(name.name().substring(prefix.length()))
                        .map(start -> new Partition(name, start, interval.next(start)))
                : Optional.empty();
    }
}
