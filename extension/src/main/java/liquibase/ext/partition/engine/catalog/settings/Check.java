package liquibase.ext.partition.engine.catalog.settings;

import java.util.Optional;
import liquibase.ext.partition.engine.sql.Identifier;
import liquibase.ext.partition.engine.sql.QualifiedName;
import liquibase.ext.partition.engine.sql.Sql;

/**
 * A CHECK constraint of a table.
 *
 * @param expression what follows {@code CONSTRAINT name}, without the words that the flags stand for:
 *     {@code CHECK ((id > 0))}
 * @param enforced whether new rows are looked at; always, before PostgreSQL 18
 * @param validated whether every row is known to satisfy it; false where it is not enforced
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

    /** Whether rows that were there before it may violate it, while new ones may not. */
    public boolean isNotValid() {
        return enforced && !validated;
    }

    /** As it stands in CREATE TABLE; inherited. */
    public Sql inTable() {
        return CONSTRAINT
                .with("name", name)
                .with("expression", Sql.raw(expression + (enforced ? "" : " NOT ENFORCED")));
    }

    /**
     * Adds it so that rows which are there may violate it, to the table and to those that inherit from it. Reads no
     * row.
     */
    public Sql addNotValid(QualifiedName table) {
        return ADD.with("table", table).with("constraint", inTable());
    }

    /** The statement that gives the constraint of {@code table} its comment, where it has one. */
    public Optional<Sql> commentOn(QualifiedName table) {
        return comment.map(it -> COMMENT.with("name", name).with("table", table).with("comment", Sql.literal(it)));
    }
}
