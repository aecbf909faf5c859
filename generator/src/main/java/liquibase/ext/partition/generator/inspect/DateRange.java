package liquibase.ext.partition.generator.inspect;

import java.time.LocalDate;
import java.time.YearMonth;

/** The months that a table's partitions are proposed for, and how we know. */
sealed interface DateRange {
    /** The first month with a partition. */
    YearMonth from();

    /** The first month without one. */
    YearMonth until();

    /** Which part of the rows has NULL, from 0 to 1; 1 where nothing is known. */
    double nullShare();

    /** Room for the months that begin while the tables are copied, and until somebody adds partitions. */
    int MONTHS_AHEAD = 6;

    /**
     * Known from the rows.
     *
     * @param oldest the day of the oldest row in UTC, far-out values left aside
     * @param newest the day of the newest
     * @param latest the first month that is too far ahead to be meant, so that what is left aside is never before
     *     {@code until}
     * @param outside the rows that would be in the default partition
     */
    record Measured(LocalDate oldest, LocalDate newest, YearMonth latest, long rows, Outside outside)
            implements DateRange {
        @Override
        public YearMonth from() {
            return YearMonth.from(oldest);
        }

        @Override
        public YearMonth until() {
            YearMonth wanted = YearMonth.from(newest).plusMonths(1L + MONTHS_AHEAD);
            return wanted.isAfter(latest) ? latest : wanted;
        }

        @Override
        public double nullShare() {
            return (double) outside.nulls() / rows;
        }
    }

    /**
     * How many rows would be in the default partition, by cause; each row counts once.
     *
     * @param nulls the column is NULL
     * @param notTimes it is not, and holds no time
     * @param infinite {@code infinity} or {@code -infinity}
     * @param before before the first month, since so early a date is hardly meant
     * @param after not before {@code until}, since so late a date is hardly meant
     */
    record Outside(long nulls, long notTimes, long infinite, long before, long after) {
        long rows() {
            return nulls + notTimes + infinite + before + after;
        }
    }

    /**
     * Known from the planner's statistics, which may miss the oldest and the newest rows.
     *
     * @param why why the rows themselves were not read, a phrase
     */
    record Estimated(LocalDate oldest, LocalDate newest, double nullShare, String why) implements DateRange {
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

        @Override
        public double nullShare() {
            return 1;
        }
    }
}
