package liquibase.ext.partition.engine.sql;

import java.util.Objects;

/**
 * A name with its schema. The engine qualifies every name, because worker connections do not inherit a
 * {@code search_path}.
 */
public record QualifiedName(Identifier schema, Identifier name) implements SqlFragment {
    public QualifiedName {
        Objects.requireNonNull(schema, "schema");
        Objects.requireNonNull(name, "name");
    }

    public static QualifiedName of(String schema, String name) {
        return new QualifiedName(new Identifier(schema), new Identifier(name));
    }

    /** Another name in the same schema. */
    public QualifiedName sibling(Identifier other) {
        return new QualifiedName(schema, other);
    }

    public String quoted() {
        return schema.quoted() + '.' + name.quoted();
    }

    @Override
    public Sql asSql() {
        return Sql.raw(quoted());
    }

    /** {@code schema.name}, for messages to people. */
    @Override
    public String toString() {
        return schema + "." + name;
    }
}
