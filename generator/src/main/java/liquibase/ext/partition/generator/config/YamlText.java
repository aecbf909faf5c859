package liquibase.ext.partition.generator.config;

import java.util.stream.Collectors;

/** Text for double quotes in YAML, in which no name can end the text or the line. */
public final class YamlText {
    private YamlText() {}

    /** {@code text} with the necessary escapes, without the quotes. */
    public static String escaped(String text) {
        return text.codePoints()
                .mapToObj(c -> c == '"' || c == '\\'
                        ? "\\" + (char) c
                        : breaksTheLine(c) ? "\\u%04x".formatted(c) : Character.toString(c))
                .collect(Collectors.joining());
    }

    /** Control characters, and those that YAML 1.1 reads as the end of a line or the start of the file. */
    private static boolean breaksTheLine(int c) {
        return Character.isISOControl(c) || c == '\u2028' || c == '\u2029' || c == '\ufeff';
    }
}
