package liquibase.ext.partition.engine.newtable;

import java.util.Arrays;
import java.util.Locale;
import java.util.stream.Collectors;
import liquibase.ext.partition.engine.belonging.foreignkeys.ForeignKeyTriggers;

/**
 * What becomes of the foreign keys that refer to the table. A partitioned table has no unique index over the referenced
 * columns alone, so that none of them can refer to it.
 */
public enum IncomingForeignKeys {
    /** A table with one is not partitioned. */
    REFUSE,
    /** They are dropped in the swap, and made again when it is rolled back. */
    DROP,
    /** Triggers take their place in the swap, as {@link ForeignKeyTriggers} says. */
    TRIGGER;

    /** The word for it in changelogs and in the table config: {@code refuse}. */
    public String word() {
        return name().toLowerCase(Locale.ROOT);
    }

    /** @throws IllegalArgumentException with a message for people, when there is no such way */
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
