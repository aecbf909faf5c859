package liquibase.ext.partition.engine.partitioning;

import java.util.Arrays;
import java.util.Locale;
import java.util.stream.Collectors;

/** How rows find their partition. */
public enum Routing {
    /** PostgreSQL's declarative partitioning finds it. */
    NATIVE,
    /** An insert trigger finds it, among inheritance children with CHECK constraints. */
    TRIGGER;

    /** The word in changelogs and in the table config: {@code native}. */
    public String word() {
        return name().toLowerCase(Locale.ROOT);
    }

    /** @throws IllegalArgumentException with a message for people, when there is no such routing */
    public static Routing parse(String word) {
        return Arrays.stream(values())
                .filter(routing -> routing.word().equals(word))
                .findFirst()
                .orElseThrow(() -> new IllegalArgumentException("routing is <%s>; it can be %s."
                        .formatted(
                                word, Arrays.stream(values()).map(Routing::word).collect(Collectors.joining(", ")))));
    }
}
