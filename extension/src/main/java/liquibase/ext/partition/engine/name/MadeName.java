package liquibase.ext.partition.engine.name;

import java.util.Optional;

/** A name that somebody has chosen for something that a migration makes. */
public final class MadeName {
    private MadeName() {}

    /**
     * Why the name is refused: a dot in it was meant to end a schema's name, but PostgreSQL would take it as a
     * character of the name. Everything that is made is in the table's schema. If the table's own name has a dot, these
     * names may have one too.
     *
     * @return a sentence for people; empty if the name is accepted
     */
    public static Optional<String> problem(String name, String tableName) {
        return name.indexOf('.') < 0 || tableName.indexOf('.') >= 0
                ? Optional.empty()
                : Optional.of("<%s> has a dot, which would be a part of the name and end no schema's.".formatted(name));
    }

    /** The remedy for a refused name. */
    public static String remedy() {
        return "Write it without the dot; it is made in the table's own schema.";
    }
}
