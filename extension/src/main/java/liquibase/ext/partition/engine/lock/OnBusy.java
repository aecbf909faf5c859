package liquibase.ext.partition.engine.lock;

import java.util.Arrays;
import java.util.Locale;

/** The choices of a runner that finds another one at work on the table. */
public enum OnBusy {
    /** It ends at once and names the other runner. */
    FAIL,
    /** It waits until the other runner has ended, and names it every ten seconds. */
    WAIT;

    /**
     * @param name the setting's name, for the message
     * @throws IllegalArgumentException with a message for people
     */
    public static OnBusy parse(String name, String text) {
        return Arrays.stream(values())
                .filter(it -> it.name().equalsIgnoreCase(text.strip()))
                .findFirst()
                .orElseThrow(() -> new IllegalArgumentException(
                        "%s is <%s>; it must be %s or %s.".formatted(name, text, FAIL.word(), WAIT.word())));
    }

    private String word() {
        return name().toLowerCase(Locale.ROOT);
    }
}
