package liquibase.ext.partition.engine.swap;

import java.util.Arrays;

/** The choices of a switch whose patience is outlasted by transactions with an older snapshot. */
public enum OnOldTransactions {
    /** The switch stops and names the transactions, and nothing is renamed. */
    STOP("stop"),
    /** The switch names the transactions and goes on: what they read under the live name afterwards lacks rows. */
    GO_ON("goOn");

    private final String word;

    OnOldTransactions(String word) {
        this.word = word;
    }

    /**
     * @param name the setting's name, for the message
     * @throws IllegalArgumentException with a message for people
     */
    public static OnOldTransactions parse(String name, String text) {
        return Arrays.stream(values())
                .filter(it -> it.word.equalsIgnoreCase(text.strip()))
                .findFirst()
                .orElseThrow(() -> new IllegalArgumentException(
                        "%s is <%s>; it must be %s or %s.".formatted(name, text, STOP.word, GO_ON.word)));
    }
}
