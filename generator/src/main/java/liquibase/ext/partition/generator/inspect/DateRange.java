package liquibase.ext.partition.generator.inspect;

import java.time.LocalDate;
import java.time.YearMonth;

/** The months that a table's partitions are proposed for, and how we know. */
sealed interface DateRange {
    /** The first month with a partition. */
    YearMonth from();

    /** The first month without one. */
    YearMonth until();

    /** Room for the months that begin while the tables are copied, and until somebody adds partitions. */
    int MONTHS_AHEAD = 6;

    /**
     * Known from the rows.
     *
     * @param oldest the day of the oldest row in UTC, far-out values left aside
     * @param newest the day of the newest
     * @param farOut how many rows are so old or so new, or infinite, that they were left aside
     */
    record Measured(LocalDate oldest, LocalDate newest, long farOut) implements DateRange {
        @Override
        public YearMonth from() {
            return YearMonth.from(oldest);
        }

        @Override
        public YearMonth until() {
            return YearMonth.from(newest).plusMonths(1L + MONTHS_AHEAD);
        }
    }

    /**
     * Known from the planner's statistics, which may miss the oldest and the newest rows.
     *
     * @param why why the rows themselves were not read, a phrase
     */
    record Estimated(LocalDate oldest, LocalDate newest, String why) implements DateRange {
        @Override
        public YearMonth from() {
            return YearMonth.from(oldest);
        }

        @Override
        public YearMonth until() {
            return YearMonth.from(newest).plusMonths(1L + MONTHS_AHEAD);
        }
    }

    /**
     * Not known; the month of today stands for it.
     *
     * @param why a phrase
     */
    record Unknown(LocalDate today, String why) implements DateRange {
        @Override
        public YearMonth from() {
            return YearMonth.from(today);
        }

        @Override
        public YearMonth until() {
            return YearMonth.from(today).plusMonths(1L + MONTHS_AHEAD);
        }
    }
}
