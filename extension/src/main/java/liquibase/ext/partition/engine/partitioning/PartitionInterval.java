package liquibase.ext.partition.engine.partitioning;

import java.time.DateTimeException;
import java.time.DayOfWeek;
import java.time.LocalDate;
import java.time.format.DateTimeFormatter;
import java.time.temporal.IsoFields;
import java.time.temporal.TemporalAdjusters;
import java.util.Arrays;
import java.util.Locale;
import java.util.Optional;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Collectors;

/** The span of one partition. */
public enum PartitionInterval {
    DAY("yyyyMMdd", "YYYYMMDD", "uuuu-MM-dd", "2024-01-05") {
        @Override
        public LocalDate next(LocalDate start) {
            return start.plusDays(1);
        }

        @Override
        public LocalDate startOf(LocalDate date) {
            return date;
        }
    },

    /** The week of ISO 8601: it begins on Monday, and is named by the year that has most of its days. */
    WEEK("YYYY'w'ww", "IYYY\"w\"IW", "YYYY-'W'ww", "2024-W01") {
        @Override
        public LocalDate next(LocalDate start) {
            return start.plusWeeks(1);
        }

        @Override
        public LocalDate startOf(LocalDate date) {
            return date.with(TemporalAdjusters.previousOrSame(DayOfWeek.MONDAY));
        }
    },

    MONTH("yyyyMM", "YYYYMM", "uuuu-MM", "2024-01") {
        @Override
        public LocalDate next(LocalDate start) {
            return start.plusMonths(1);
        }

        @Override
        public LocalDate startOf(LocalDate date) {
            return date.withDayOfMonth(1);
        }
    },

    QUARTER("yyyy'q'Q", "YYYY\"q\"Q", "uuuu-'Q'Q", "2024-Q1") {
        @Override
        public LocalDate next(LocalDate start) {
            return start.plusMonths(3);
        }

        @Override
        public LocalDate startOf(LocalDate date) {
            return date.with(IsoFields.DAY_OF_QUARTER, 1);
        }
    },

    YEAR("yyyy", "YYYY", "uuuu", "2024") {
        @Override
        public LocalDate next(LocalDate start) {
            return start.plusYears(1);
        }

        @Override
        public LocalDate startOf(LocalDate date) {
            return date.withDayOfYear(1);
        }
    };

    private static final Pattern YEAR_AND_UNIT =
            Pattern.compile("(\\d{4})(?:-?([wWqQ])(\\d{1,2})|-(\\d{2})(?:-(\\d{2}))?)?");

    private final DateTimeFormatter suffix;
    private final String suffixPattern;
    private final DateTimeFormatter written;
    private final String example;

    PartitionInterval(String suffix, String suffixPattern, String written, String example) {
        // Locale.UK uses the weeks of ISO 8601; ROOT does not.
        this.suffix = DateTimeFormatter.ofPattern(suffix, Locale.UK);
        this.suffixPattern = suffixPattern;
        this.written = DateTimeFormatter.ofPattern(written, Locale.UK);
        this.example = example;
    }

    /** The start of the interval after the one that starts at {@code start}. */
    public abstract LocalDate next(LocalDate start);

    /** The start of the interval that contains {@code date}. */
    public abstract LocalDate startOf(LocalDate date);

    /** Whether an interval starts on that day. */
    public boolean startsAt(LocalDate date) {
        return startOf(date).equals(date);
    }

    /**
     * The end of the name of the partition that starts at {@code start}: {@code 20240105}, {@code 2024w01},
     * {@code 202401}, {@code 2024q1}, {@code 2024}.
     */
    public String suffix(LocalDate start) {
        return suffix.format(start);
    }

    /** The start of the interval with that {@link #suffix}; empty if no interval has it. */
    public Optional<LocalDate> startOfSuffix(String text) {
        String dashed =
                text.replaceFirst("^(\\d{4})(\\d{2})(\\d{2})$", "$1-$2-$3").replaceFirst("^(\\d{4})(\\d{2})$", "$1-$2");
        try {
            return Optional.of(firstDay(dashed)).filter(start -> suffix(start).equals(text));
        } catch (DateTimeException e) {
            return Optional.empty();
        }
    }

    /** As {@link #suffix}, for PostgreSQL's {@code to_char}. */
    public String suffixPattern() {
        return suffixPattern;
    }

    /**
     * The interval's word in changelogs, in the table config and for PostgreSQL's {@code date_trunc}: {@code month}.
     */
    public String word() {
        return name().toLowerCase(Locale.ROOT);
    }

    /**
     * The shortest way in which people write {@code start}: {@code 2024-01-05}, {@code 2024-W01}, {@code 2024-01}, …
     */
    public String write(LocalDate start) {
        return written.format(start);
    }

    /** A bound as people write it, for messages. */
    public String example() {
        return example;
    }

    /** @throws IllegalArgumentException with a message for people, when there is no such interval */
    public static PartitionInterval parse(String word) {
        return Arrays.stream(values())
                .filter(interval -> interval.word().equals(word))
                .findFirst()
                .orElseThrow(() -> new IllegalArgumentException("interval is <%s>; it can be %s."
                        .formatted(
                                word,
                                Arrays.stream(values())
                                        .map(PartitionInterval::word)
                                        .collect(Collectors.joining(", ")))));
    }

    /**
     * Parses a bound as people write it: its first day, {@code 2024-01-01}; or shorter {@code 2024-W01},
     * {@code 2024-01}, {@code 2024-Q1}, {@code 2024}, if an interval starts with that week, month, quarter or year.
     *
     * @throws IllegalArgumentException with a message for people, when it is no date or not the first day of an
     *     interval
     */
    public LocalDate parseBound(String attribute, String text) {
        LocalDate date;
        try {
            date = firstDay(text);
        } catch (DateTimeException e) {
            throw new IllegalArgumentException("%s is <%s>; write the first day of a %s, as in %s%s."
                    .formatted(
                            attribute,
                            text,
                            word(),
                            write(LocalDate.of(2024, 1, 1)),
                            this == DAY ? "" : " or 2024-01-01"));
        }
        if (!startsAt(date)) {
            throw new IllegalArgumentException(
                    "%s is <%s>, which is not the first day of a %s.".formatted(attribute, text, word()));
        }
        return date;
    }

    private static LocalDate firstDay(String text) {
        Matcher matcher = YEAR_AND_UNIT.matcher(text);
        if (!matcher.matches() || matcher.group(1).equals("0000")) {
            throw new DateTimeException(text);
        }
        LocalDate newYear = LocalDate.of(Integer.parseInt(matcher.group(1)), 1, 1);
        if (matcher.group(2) != null) {
            int number = Integer.parseInt(matcher.group(3));
            if (matcher.group(2).equalsIgnoreCase("q")) {
                return newYear.with(IsoFields.QUARTER_OF_YEAR, number);
            }
            // The 4th of January is always in the first week.
            LocalDate monday = newYear.plusDays(3)
                    .with(IsoFields.WEEK_OF_WEEK_BASED_YEAR, number)
                    .with(DayOfWeek.MONDAY);
            if (monday.get(IsoFields.WEEK_BASED_YEAR) != newYear.getYear()) {
                // Java accepts week 53 in every year; in a year with 52 weeks it means the first week of the next.
                throw new DateTimeException(text);
            }
            return monday;
        }
        LocalDate month = matcher.group(4) == null ? newYear : newYear.withMonth(Integer.parseInt(matcher.group(4)));
        return matcher.group(5) == null ? month : month.withDayOfMonth(Integer.parseInt(matcher.group(5)));
    }
}
