package liquibase.ext.partition.engine.newtable;

import java.util.Arrays;
import java.util.Locale;
import java.util.stream.Collectors;

/**
 * The ways to deal with foreign keys that refer to the table. A partitioned table has no unique index over the
 * referenced columns alone, so none of them can refer to it.
 */
public enum IncomingForeignKeys {
    /** A table with such a key is not partitioned. */
    REFUSE,
    /** The swap drops the keys, and its rollback makes them again. */
    DROP,
    /** In the swap triggers take the place of the keys, as {@code ForeignKeyTriggers} says. */
    TRIGGER;

    /** The word in changelogs and in the table config: {@code refuse}. */
    public String word() {
        return name().toLowerCase(Locale.ROOT);
    }

    /** @throws IllegalArgumentException with a message for people, when there is no such choice */
    public static IncomingForeignKeys parse(String word) {
        return Arrays.stream(values())
                .filter(way -> way.word().equals(word))
                .findFirst()
                .orElseThrow(() -> new IllegalArgumentException("incomingForeignKeys is <%s>; it can be %s."
                        .formatted(
                                word,
                                Arrays.stream(values())
                                        .map(IncomingForeignKeys::word)
                                        .collect(Collectors.joining(", ")))));
    }
}
