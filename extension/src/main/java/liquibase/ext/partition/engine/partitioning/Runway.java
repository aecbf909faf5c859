package liquibase.ext.partition.engine.partitioning;

import java.time.LocalDate;
import java.util.Optional;

/**
 * How far the partitions of a table shall reach: up to a fixed end, or some intervals past the present one. Exactly one
 * of the two is given.
 *
 * @param ahead how many intervals after the present one get a partition
 * @param until the first interval without a partition, as people write it
 */
public record Runway(Optional<Integer> ahead, Optional<String> until) {
    /** More intervals than this are a mistake: the number of days of thirty years. */
    public static final int MOST_AHEAD = 10_000;

    /** @throws IllegalArgumentException with a message for people, when not exactly one is given, or it cannot be */
    public Runway {
        if (ahead.isPresent() == until.isPresent()) {
            throw new IllegalArgumentException(
                    ahead.isPresent()
                            ? "ahead and until are both given. ahead counts intervals from today on, and until is a fixed end; leave one of them out."
                            : "Neither ahead nor until is given. Write ahead, how many intervals after the present one get a partition; or until, the first one without a partition.");
        }
        ahead.filter(it -> it < 0 || it > MOST_AHEAD).ifPresent(it -> {
            throw new IllegalArgumentException(
                    "ahead is <%d>; it must be a number from 0 to %d of intervals after the present one."
                            .formatted(it, MOST_AHEAD));
        });
        // The interval decides whether one begins on that day; here it only has to be a day.
        until.ifPresent(it -> PartitionInterval.DAY.parseBound("until", it));
    }

    /**
     * @param ahead null if it is not given
     * @param until null if it is not given
     * @throws IllegalArgumentException with a message for people
     */
    public static Runway parse(String ahead, String until) {
        return new Runway(Optional.ofNullable(ahead).map(Runway::number), Optional.ofNullable(until));
    }

    private static int number(String text) {
        try {
            return Integer.parseInt(text.strip());
        } catch (NumberFormatException e) {
            throw new IllegalArgumentException(
                    "ahead is <%s>; it must be a number from 0 to %d of intervals after the present one."
                            .formatted(text, MOST_AHEAD));
        }
    }

    /** A runway of so many intervals. */
    public static Runway ahead(int intervals) {
        return new Runway(Optional.of(intervals), Optional.empty());
    }

    /** A runway up to that interval, without it. */
    public static Runway until(String end) {
        return new Runway(Optional.empty(), Optional.of(end));
    }

    /** Whether the end depends on the day on which it is asked for. */
    public boolean followsTheClock() {
        return ahead.isPresent();
    }

    /**
     * The start of the first interval without a partition.
     *
     * @param today by the server's clock, in UTC
     * @throws IllegalArgumentException with a message for people, when no interval begins at {@code until}
     */
    public LocalDate end(PartitionInterval interval, LocalDate today) {
        if (until.isPresent()) {
            return interval.parseBound("until", until.get());
        }
        LocalDate end = interval.next(interval.startOf(today));
        for (int i = 0; i < ahead.orElseThrow(); i++) {
            end = interval.next(end);
        }
        return end;
    }
}
