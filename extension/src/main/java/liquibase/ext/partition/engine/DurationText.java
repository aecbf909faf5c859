package liquibase.ext.partition.engine;

import java.time.Duration;
import java.util.Locale;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/** A duration as people write it: {@code 500ms}, {@code 2s}, {@code 1min}. */
public final class DurationText {
    private static final Pattern DURATION = Pattern.compile("(\\d{1,9})\\s*(ms|s|min)");

    private DurationText() {}

    /**
     * @param name the setting's name, for the message
     * @throws IllegalArgumentException with a message for people
     */
    public static Duration parse(String name, String text) {
        Matcher matcher = DURATION.matcher(text.strip().toLowerCase(Locale.ROOT));
        if (!matcher.matches()) {
            throw new IllegalArgumentException(
                    "%s is <%s>; write a number and ms, s or min, as in 500ms.".formatted(name, text));
        }
        long amount = Long.parseLong(matcher.group(1));
        Duration duration = switch (matcher.group(2)) {
            case "ms" -> Duration.ofMillis(amount);
            case "s" -> Duration.ofSeconds(amount);
            default -> Duration.ofMinutes(amount);
        };
        if (duration.isZero()) {
            throw new IllegalArgumentException("%s is <%s>; it must be longer than nothing.".formatted(name, text));
        }
        return duration;
    }

    /** The duration in words. */
    public static String words(Duration duration) {
        return duration.toMillis() % 1000 == 0 ? duration.toSeconds() + " s" : duration.toMillis() + " ms";
    }
}
