package liquibase.ext.partition.generator.config.document;

import java.util.stream.Collectors;

/** Text from the config as messages show it: in double quotes, on one line, and cut off when it is long. */
public final class Quoted {
    private static final int LONGEST = 80;

    private Quoted() {}

    /** {@code text} in double quotes; control characters as escapes, so that they cannot disturb a terminal. */
    public static String of(String text) {
        String shown = text.codePoints()
                .limit(LONGEST)
                .mapToObj(c -> Character.isISOControl(c) ? "\\u%04x".formatted(c) : Character.toString(c))
                .collect(Collectors.joining());
        boolean cut = text.codePointCount(0, text.length()) > LONGEST;
        return '"' + shown + (cut ? "…" : "") + '"';
    }
}
