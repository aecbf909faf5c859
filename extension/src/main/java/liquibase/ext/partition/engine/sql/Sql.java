package liquibase.ext.partition.engine.sql;

import java.util.ArrayList;
import java.util.Collection;
import java.util.List;
import java.util.Objects;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Collectors;

/**
 * A statement, or a part of one: SQL text with named holes, {@code {name}}, which are filled with fragments (inserted
 * as SQL) or values (bound as parameters). Immutable.
 *
 * <p>One {@code Sql} serves execution ({@link #text()} and {@link #values()}) and review ({@link #script()}), so that
 * people read exactly what runs.
 */
public final class Sql implements SqlFragment {
    private static final Pattern HOLE = Pattern.compile("\\{([a-z][a-zA-Z0-9]*)}");

    private sealed interface Part {}

    private record Text(String text) implements Part {}

    private record Hole(String name) implements Part {}

    /** A parameter; {@code value} may be null. */
    private record Value(Object value) implements Part {}

    private final List<Part> parts;

    private Sql(List<Part> parts) {
        this.parts = List.copyOf(parts);
    }

    /**
     * A statement of our own, with holes.
     *
     * @param template constant text of this project, never text that came from outside
     */
    public static Sql of(String template) {
        List<Part> parts = new ArrayList<>();
        Matcher hole = HOLE.matcher(template);
        int end = 0;
        while (hole.find()) {
            parts.add(new Text(template.substring(end, hole.start())));
            parts.add(new Hole(hole.group(1)));
            end = hole.end();
        }
        parts.add(new Text(template.substring(end)));
        return new Sql(parts);
    }

    /**
     * Text that is SQL already and is taken as it is: a quoted name, or text that PostgreSQL itself wrote (a trigger's
     * or an index's definition in the catalog). It has no holes.
     */
    public static Sql raw(String text) {
        return new Sql(List.of(new Text(text)));
    }

    /** {@code value} as a string constant, for statements in which PostgreSQL takes no parameter (DDL). */
    public static Sql literal(String value) {
        return raw(quoteLiteral(value));
    }

    /**
     * A dollar quote that a text cannot end.
     *
     * @param tag its tag, a word
     * @param inside the text that must not end the quote, or every part of it that comes from outside
     */
    public static Sql dollarQuote(String tag, Sql inside) {
        String text = inside.toString();
        String longer = tag;
        while (text.contains("$" + longer + "$")) {
            longer += "_";
        }
        return raw("$" + longer + "$");
    }

    /** An empty fragment. */
    public static Sql empty() {
        return new Sql(List.of());
    }

    /** The fragments one after the other, separated by {@code separator}, which is taken as SQL. */
    public static Sql join(String separator, Collection<? extends SqlFragment> fragments) {
        List<Part> parts = new ArrayList<>();
        for (SqlFragment fragment : fragments) {
            if (!parts.isEmpty()) {
                parts.add(new Text(separator));
            }
            parts.addAll(fragment.asSql().parts);
        }
        return new Sql(parts);
    }

    /** Names separated by commas. */
    public static Sql list(Collection<? extends SqlFragment> names) {
        return join(", ", names);
    }

    /** Names of columns of {@code alias}, separated by commas. */
    public static Sql list(String alias, Collection<Identifier> columns) {
        return join(
                ", ",
                columns.stream()
                        .map(column -> raw(alias + '.' + column.quoted()))
                        .toList());
    }

    /**
     * Fills a hole, everywhere it occurs.
     *
     * @param value a {@link SqlFragment} is inserted as SQL; anything else, including null, is bound as a parameter
     * @throws IllegalArgumentException when there is no such hole: a statement that ignores a value is a mistake
     */
    public Sql with(String hole, Object value) {
        List<Part> filled = new ArrayList<>();
        boolean found = false;
        for (Part part : parts) {
            if (part instanceof Hole candidate && candidate.name().equals(hole)) {
                found = true;
                if (value instanceof SqlFragment fragment) {
                    filled.addAll(fragment.asSql().parts);
                } else {
                    filled.add(new Value(value));
                }
            } else {
                filled.add(part);
            }
        }
        if (!found) {
            throw new IllegalArgumentException("No hole {" + hole + "} in: " + this);
        }
        return new Sql(filled);
    }

    /** The statement for JDBC, with a question mark for each of {@link #values()}. */
    public String text() {
        return render(value -> "?");
    }

    /** The values to bind, in order. May contain nulls. */
    public List<Object> values() {
        requireFilled();
        List<Object> values = new ArrayList<>();
        for (Part part : parts) {
            if (part instanceof Value value) {
                values.add(value.value());
            }
        }
        return values;
    }

    /** The statement with its values written as literals, as a person would run it in {@code psql}; no semicolon. */
    public String script() {
        return render(Sql::literalOf).strip();
    }

    /** Several statements one after the other. */
    public static String script(Collection<Sql> statements) {
        return statements.stream().map(Sql::script).collect(Collectors.joining(";\n"));
    }

    @Override
    public Sql asSql() {
        return this;
    }

    private String render(java.util.function.Function<Object, String> value) {
        requireFilled();
        return show(value);
    }

    private String show(java.util.function.Function<Object, String> value) {
        StringBuilder text = new StringBuilder();
        for (Part part : parts) {
            if (part instanceof Text piece) {
                text.append(piece.text());
            } else if (part instanceof Value bound) {
                text.append(value.apply(bound.value()));
            } else if (part instanceof Hole hole) {
                text.append('{').append(hole.name()).append('}');
            }
        }
        return text.toString();
    }

    private void requireFilled() {
        for (Part part : parts) {
            if (part instanceof Hole hole) {
                throw new IllegalStateException("Hole {" + hole.name() + "} was not filled in: " + this);
            }
        }
    }

    private static String literalOf(Object value) {
        if (value == null) {
            return "NULL";
        }
        if (value instanceof Number || value instanceof Boolean) {
            return value.toString();
        }
        if (value instanceof String[] texts) {
            List<Sql> literals = new ArrayList<>();
            for (String text : texts) {
                literals.add(text == null ? raw("NULL") : literal(text));
            }
            return "ARRAY[" + list(literals).script() + "]::pg_catalog.text[]";
        }
        return quoteLiteral(value.toString());
    }

    /** Quotes as PostgreSQL's quote_literal does: right under any setting of standard_conforming_strings. */
    private static String quoteLiteral(String value) {
        Objects.requireNonNull(value, "value");
        String doubled = value.replace("'", "''");
        return value.indexOf('\\') < 0 ? "'" + doubled + "'" : "E'" + doubled.replace("\\", "\\\\") + "'";
    }

    /** The text for logs and debugging: with literals in place, and holes as they are. */
    @Override
    public String toString() {
        return show(Sql::literalOf);
    }

    @Override
    public boolean equals(Object other) {
        return other instanceof Sql sql && toString().equals(sql.toString());
    }

    @Override
    public int hashCode() {
        return toString().hashCode();
    }
}
