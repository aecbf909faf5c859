package liquibase.ext.partition.engine.retirement;

import java.util.Arrays;
import java.util.Locale;
import java.util.stream.Collectors;

/** The ways in which a partition leaves once it is older than its table keeps. */
public enum RetirementWay {
    /** It becomes a table of its own, which stays. */
    DETACH,
    /** It becomes a table of its own, to which nobody can write, and is dropped once that is approved. */
    DROP,
    /** As with {@link #DROP}, but its rows are somewhere else before, and were compared there. */
    ARCHIVE;

    /** The word in changelogs, in the table config and in the records. */
    public String word() {
        return name().toLowerCase(Locale.ROOT);
    }

    /** @throws IllegalArgumentException with a message for people, if there is no such way */
    public static RetirementWay parse(String word) {
        return Arrays.stream(values())
                .filter(way -> way.word().equals(word))
                .findFirst()
                .orElseThrow(() -> new IllegalArgumentException("retire is <%s>; it can be %s."
                        .formatted(
                                word,
                                Arrays.stream(values()).map(RetirementWay::word).collect(Collectors.joining(", ")))));
    }
}
