package liquibase.ext.partition.engine.partitioning;

import java.util.Arrays;
import java.util.Locale;
import java.util.stream.Collectors;

/** How rows find their partition. */
public enum Routing {
    /** By PostgreSQL's declarative partitioning. */
    NATIVE,
    /** By inheritance children with CHECK constraints and an insert trigger. */
    TRIGGER;

    /** The word for it in changelogs and in the table config: {@code native}. */
    public String word() {
        return name().toLowerCase(Locale.ROOT);
    }

    /** @throws IllegalArgumentException with a message for people, when there is no such way */
    public static Routing parse(String word) {
        return Arrays.stream(values())
                .filter(routing -> routing.word().equals(word))
                .findFirst()
                .orElseThrow(() -> new IllegalArgumentException("routing is <%s>; it can be %s."
                        .formatted(
                                word, Arrays.stream(values()).map(Routing::word).collect(Collectors.joining(", ")))));
    }
}
