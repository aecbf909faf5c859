package liquibase.ext.partition.engine.run;

import java.util.Arrays;
import java.util.Locale;

/** What a runner does while another one is at work on the table. */
public enum OnBusy {
    /** It ends at once, naming the other. */
    FAIL,
    /** It waits until the other has ended, naming it every ten seconds. */
    WAIT;

    /**
     * @param name of the setting, for the message
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
