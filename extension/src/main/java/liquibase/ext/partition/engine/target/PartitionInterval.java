package liquibase.ext.partition.engine.target;

import java.time.LocalDate;
import java.time.YearMonth;
import java.time.format.DateTimeFormatter;
import java.time.format.DateTimeParseException;
import java.util.Arrays;
import java.util.Locale;
import java.util.stream.Collectors;

/** The span of one partition. */
public enum PartitionInterval {
    MONTH("yyyyMM") {
        @Override
        public LocalDate next(LocalDate start) {
            return start.plusMonths(1);
        }

        @Override
        public boolean startsAt(LocalDate date) {
            return date.getDayOfMonth() == 1;
        }
    };

    private final DateTimeFormatter suffix;

    PartitionInterval(String suffix) {
        this.suffix = DateTimeFormatter.ofPattern(suffix, Locale.ROOT);
    }

    /** The start of the interval after the one that starts at {@code start}. */
    public abstract LocalDate next(LocalDate start);

    /** Whether an interval starts on that day. */
    public abstract boolean startsAt(LocalDate date);

    /** What the name of the partition that starts at {@code start} ends with: {@code 202401}. */
    public String suffix(LocalDate start) {
        return suffix.format(start);
    }

    /** The word for it in changelogs and in the table config: {@code month}. */
    public String word() {
        return name().toLowerCase(Locale.ROOT);
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
     * A bound as people write it: {@code 2024-01} or {@code 2024-01-01}.
     *
     * @throws IllegalArgumentException with a message for people, when it is no date or not the first day of an interval
     */
    public LocalDate parseBound(String attribute, String text) {
        LocalDate date;
        try {
            date = text.length() <= "2024-01".length() ? YearMonth.parse(text).atDay(1) : LocalDate.parse(text);
        } catch (DateTimeParseException e) {
            throw new IllegalArgumentException(
                    "%s is <%s>; write a month as 2024-01, or its first day as 2024-01-01.".formatted(attribute, text));
        }
        if (!startsAt(date)) {
            throw new IllegalArgumentException(
                    "%s is <%s>, which is not the first day of a %s.".formatted(attribute, text, word()));
        }
        return date;
    }
}
