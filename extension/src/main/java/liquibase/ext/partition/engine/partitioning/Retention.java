package liquibase.ext.partition.engine.partitioning;

import java.time.LocalDate;

/**
 * How long rows stay in a table: for some intervals before the present one. A partition is kept as long as it can hold
 * a row that is not older.
 *
 * @param keep how many intervals before the present one are kept
 */
public record Retention(int keep) {
    /** More intervals than this are a mistake, as with {@link Runway#MOST_AHEAD}. */
    public static final int MOST_KEPT = Runway.MOST_AHEAD;

    /** @throws IllegalArgumentException with a message for people, if it is no such number */
    public Retention {
        if (keep < 1 || keep > MOST_KEPT) {
            throw refusal(Integer.toString(keep));
        }
    }

    /** @throws IllegalArgumentException with a message for people */
    public static Retention parse(String keep) {
        if (keep == null || keep.isBlank()) {
            throw new IllegalArgumentException(
                    "keep is missing. Write how many intervals before the present one stay in the table.");
        }
        int number;
        try {
            number = Integer.parseInt(keep.strip());
        } catch (NumberFormatException e) {
            throw refusal(keep);
        }
        return new Retention(number);
    }

    private static IllegalArgumentException refusal(String keep) {
        return new IllegalArgumentException(
                "keep is <%s>; it must be a number from 1 to %d of intervals before the present one."
                        .formatted(keep, MOST_KEPT));
    }

    /**
     * The first day of the oldest interval that is kept. A partition whose upper bound is not later is retired.
     *
     * @param today by the server's clock, in UTC
     */
    public LocalDate start(PartitionInterval interval, LocalDate today) {
        LocalDate start = interval.startOf(today);
        for (int i = 0; i < keep; i++) {
            start = interval.startOf(start.minusDays(1));
        }
        return start;
    }
}
