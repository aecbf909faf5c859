package liquibase.ext.partition.engine.catalog.properties;

import java.util.Optional;
import liquibase.ext.partition.engine.sql.Identifier;
import liquibase.ext.partition.engine.sql.QualifiedName;
import liquibase.ext.partition.engine.sql.Sql;

/**
 * A CHECK constraint of a table.
 *
 * @param expression the text after {@code CONSTRAINT name}, without the words that the flags stand for:
 *     {@code CHECK ((id > 0))}
 * @param enforced whether new rows are checked; always true before PostgreSQL 18
 * @param validated whether every row is known to satisfy it; false if it is not enforced
 * @param inherited whether tables that inherit get it too; false for {@code NO INHERIT}, which a partitioned table
 *     cannot have
 */
public record Check(
        Identifier name,
        String expression,
        boolean enforced,
        boolean validated,
        boolean inherited,
        Optional<String> comment) {
    private static final Sql CONSTRAINT = Sql.of("CONSTRAINT {name} {expression}");
    private static final Sql ADD = Sql.of("ALTER TABLE {table} ADD {constraint} NOT VALID");
    private static final Sql COMMENT = Sql.of("COMMENT ON CONSTRAINT {name} ON {table} IS {comment}");

    /** Whether older rows may violate it, while new ones may not. */
    public boolean isNotValid() {
        return enforced && !validated;
    }

    /** The constraint as CREATE TABLE takes it; inherited. */
    public Sql inTable() {
        return CONSTRAINT
                .with("name", name)
                .with("expression", Sql.raw(expression + (enforced ? "" : " NOT ENFORCED")));
    }

    /**
     * Adds the constraint to the table and to those that inherit from it, so that existing rows may violate it. Reads
     * no row.
     */
    public Sql addNotValid(QualifiedName table) {
        return ADD.with("table", table).with("constraint", inTable());
    }

    /** The statement that gives the constraint of {@code table} its comment; empty if it has none. */
    public Optional<Sql> commentOn(QualifiedName table) {
        return comment.map(it -> COMMENT.with("name", name).with("table", table).with("comment", Sql.literal(it)));
    }
}
