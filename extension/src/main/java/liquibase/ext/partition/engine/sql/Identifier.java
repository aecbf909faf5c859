package liquibase.ext.partition.engine.sql;

import java.nio.charset.StandardCharsets;
import java.util.Objects;

/**
 * A name in the form in which PostgreSQL stores it: with its case, not quoted.
 *
 * @param name never empty, without the zero byte, at most {@value #MAX_BYTES} bytes in UTF-8. PostgreSQL would silently
 *     cut a longer name (NAMEDATALEN - 1), and two cut names can become one; so a longer name is an error here.
 */
public record Identifier(String name) implements SqlFragment, Comparable<Identifier> {
    /** NAMEDATALEN - 1 of every PostgreSQL that is not specially compiled. */
    public static final int MAX_BYTES = 63;

    /** @throws IllegalArgumentException when {@code name} cannot be a name in PostgreSQL */
    public Identifier {
        Objects.requireNonNull(name, "name");
        if (name.isEmpty()) {
            throw new IllegalArgumentException("A name must not be empty.");
        }
        if (name.indexOf('\0') >= 0) {
            throw new IllegalArgumentException("A name must not contain the zero byte: " + name.replace('\0', '?'));
        }
        if (byteLength(name) > MAX_BYTES) {
            throw new IllegalArgumentException("The name %s has %d bytes; PostgreSQL keeps %d. Choose a shorter one."
                    .formatted(name, byteLength(name), MAX_BYTES));
        }
    }

    /** The length of {@code name} as PostgreSQL counts it, in a UTF-8 database. */
    public static int byteLength(String name) {
        return name.getBytes(StandardCharsets.UTF_8).length;
    }

    /**
     * The name in double quotes. It is always quoted, because the list of words that need quotes differs between
     * versions.
     */
    public String quoted() {
        return '"' + name.replace("\"", "\"\"") + '"';
    }

    @Override
    public Sql asSql() {
        return Sql.raw(quoted());
    }

    @Override
    public int compareTo(Identifier other) {
        return name.compareTo(other.name);
    }

    /** The bare name, for messages to people. */
    @Override
    public String toString() {
        return name;
    }
}
