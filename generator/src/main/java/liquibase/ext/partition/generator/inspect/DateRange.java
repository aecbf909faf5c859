package liquibase.ext.partition.generator.inspect;

import java.time.LocalDate;
import java.time.YearMonth;

/** The months for which a table's partitions are proposed, and how they are known. */
sealed interface DateRange {
    /** The first month with a partition. */
    YearMonth from();

    /** The first month without one. */
    YearMonth until();

    /** The share of the rows that have NULL, from 0 to 1; 1 if nothing is known. */
    double nullShare();

    /** Room for the months that begin while the tables are copied, and until somebody adds partitions. */
    int MONTHS_AHEAD = 6;

    /**
     * A range that is known from the rows.
     *
     * @param oldest the day of the oldest row in UTC, without far-out values
     * @param newest the day of the newest row
     * @param latest the first month that is too far ahead to be plausible, so that far-out values are never before
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
     * @param nulls rows whose column is NULL
     * @param notTimes rows whose column has a value that is no time
     * @param infinite rows with {@code infinity} or {@code -infinity}
     * @param before rows before the first month, since such an early date is hardly meant
     * @param after rows not before {@code until}, since such a late date is hardly meant
     */
    record Outside(long nulls, long notTimes, long infinite, long before, long after) {
        long rows() {
            return nulls + notTimes + infinite + before + after;
        }
    }

    /**
     * A range that is known from the planner's statistics, which may miss the oldest and the newest rows.
     *
     * @param why why the rows themselves were not read, as a phrase
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
     * An unknown range, for which today's month stands in.
     *
     * @param why the reason, as a phrase
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
