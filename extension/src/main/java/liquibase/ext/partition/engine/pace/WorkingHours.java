package liquibase.ext.partition.engine.pace;

import java.time.DateTimeException;
import java.time.Instant;
import java.time.LocalTime;
import java.time.ZoneId;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * The hours of the day in which work may be done; they may pass midnight.
 *
 * @param from the first minute
 * @param until the first minute after the hours; if it equals {@code from}, the hours are the whole day
 */
public record WorkingHours(LocalTime from, LocalTime until, ZoneId zone) {
    private static final Pattern HOURS = Pattern.compile("(\\d{1,2}:\\d{2})\\s*-\\s*(\\d{1,2}:\\d{2})(?:\\s+(\\S+))?");

    /**
     * Reads {@code 22:00-06:00}, followed by a time zone if it is not UTC: {@code 22:00-06:00 Europe/Berlin}.
     *
     * @param name the setting's name, for the message
     * @throws IllegalArgumentException with a message for people
     */
    public static WorkingHours parse(String name, String text) {
        Matcher matcher = HOURS.matcher(text.strip());
        try {
            if (matcher.matches()) {
                return new WorkingHours(
                        time(matcher.group(1)),
                        time(matcher.group(2)),
                        ZoneId.of(matcher.group(3) == null ? "UTC" : matcher.group(3)));
            }
        } catch (DateTimeException e) {
            // Reported below, with an example that works.
        }
        throw new IllegalArgumentException(
                "%s is <%s>; write two times and, where they are not UTC, a time zone, as in 22:00-06:00 Europe/Berlin."
                        .formatted(name, text));
    }

    private static LocalTime time(String text) {
        return text.equals("24:00") ? LocalTime.MIDNIGHT : LocalTime.parse(text.length() == 4 ? "0" + text : text);
    }

    public boolean contains(Instant moment) {
        LocalTime now = LocalTime.ofInstant(moment, zone);
        boolean begun = !now.isBefore(from);
        boolean notOver = now.isBefore(until);
        return from.isBefore(until) ? begun && notOver : begun || notOver;
    }

    @Override
    public String toString() {
        return "%s-%s %s".formatted(from, until, zone);
    }
}
