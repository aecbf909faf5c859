package liquibase.ext.partition.generator.plan;

import java.time.Duration;
import java.util.Locale;

/** Formats numbers for people. */
final class Figures {
    private static final String[] UNITS = {"kB", "MB", "GB", "TB"};
    private static final int KILO = 1024;

    private Figures() {}

    /** {@code 12,345} */
    static String number(long number) {
        return String.format(Locale.ROOT, "%,d", number);
    }

    /** The format of {@code pg_size_pretty}, with one decimal below ten: {@code 8 kB}, {@code 1.2 GB}. */
    static String bytes(long bytes) {
        if (bytes < KILO) {
            return bytes + " bytes";
        }
        double value = bytes;
        int unit = -1;
        while (value >= KILO && unit < UNITS.length - 1) {
            value /= KILO;
            unit++;
        }
        return (value < 9.95 && value != Math.rint(value)
                        ? String.format(Locale.ROOT, "%.1f", value)
                        : number(Math.round(value)))
                + " " + UNITS[unit];
    }

    /** {@code 2 to 9 min}, {@code less than a minute}. */
    static String span(Duration shortest, Duration longest) {
        if (longest.toMinutes() < 1) {
            return "less than a minute";
        }
        return shortest.toMinutes() < 1 ? "up to " + time(longest) : time(shortest) + " to " + time(longest);
    }

    private static String time(Duration duration) {
        return duration.toHours() < 2
                ? number(duration.toMinutes()) + " min"
                : "%s h".formatted(number(Math.round(duration.toMinutes() / 60.0)));
    }
}
