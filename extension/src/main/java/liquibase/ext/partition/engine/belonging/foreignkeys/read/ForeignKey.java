package liquibase.ext.partition.engine.belonging.foreignkeys.read;

import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import liquibase.ext.partition.engine.sql.Identifier;
import liquibase.ext.partition.engine.sql.QualifiedName;
import liquibase.ext.partition.engine.sql.Sql;

/**
 * A foreign key, either of the table itself or of another table that refers to it.
 *
 * @param definition the definition as PostgreSQL writes it, with all names qualified, without {@code NOT VALID}
 * @param validated whether it is known to hold for the rows that existed when it was made
 * @param enforced false if it is {@code NOT ENFORCED} (since PostgreSQL 18)
 */
public record ForeignKey(
        Identifier name,
        Side referring,
        Side referenced,
        List<Pair> columns,
        Rules rules,
        String definition,
        boolean validated,
        boolean enforced,
        Optional<String> comment) {
    public ForeignKey {
        columns = List.copyOf(columns);
    }

    /**
     * One of its two tables.
     *
     * @param lockable whether the current role may lock it against writers
     * @param forcesRowSecurity whether row level security hides rows from its owner too
     */
    public record Side(
            long oid,
            QualifiedName name,
            Identifier owner,
            boolean ownedByUs,
            boolean lockable,
            boolean forcesRowSecurity) {}

    /**
     * A referring column and the column that it refers to.
     *
     * @param equality the operator that compares the referenced column (left) with the referring one
     * @param sameKey the operator that compares two values of the referenced column
     * @param collation the collation of the comparison, if the columns have different ones
     */
    public record Pair(
            Identifier column, Identifier referenced, Sql equality, Sql sameKey, Optional<String> collation) {}

    /**
     * @param full {@code MATCH FULL}
     * @param setColumns the columns of {@code SET NULL} and {@code SET DEFAULT}; empty for all of them
     * @param temporal whether it has a {@code PERIOD} (since PostgreSQL 18)
     * @param ownerMayCreate whether the referenced table's owner may make functions in the referring table's schema
     * @param takesMoves whether a referenced row that moves to another partition counts as updated. Before PostgreSQL
     *     15 it counted as deleted, and CASCADE deleted the referring rows
     * @param heirs tables that inherit from the referring one and do not have the key, which does not check them
     */
    public record Rules(
            boolean full,
            Action onDelete,
            Action onUpdate,
            boolean deferrable,
            boolean deferred,
            List<Identifier> setColumns,
            boolean temporal,
            boolean ownerMayCreate,
            boolean takesMoves,
            List<Heir> heirs) {
        public Rules {
            heirs = List.copyOf(heirs);
            setColumns = List.copyOf(setColumns);
        }
    }

    /** A table that inherits from another; their names are qualified and quoted. */
    public record Heir(String table, String parent) {}

    /** The action that a key takes on the referring rows. */
    public enum Action {
        NO_ACTION('a'),
        RESTRICT('r'),
        CASCADE('c'),
        SET_NULL('n'),
        SET_DEFAULT('d');

        private final char code;

        Action(char code) {
            this.code = code;
        }

        static Action of(char code) {
            return Arrays.stream(values())
                    .filter(action -> action.code == code)
                    .findFirst()
                    .orElseThrow();
        }
    }

    /** Whether a table refers to itself. */
    public boolean refersToItself() {
        return referring.oid() == referenced.oid();
    }

    /** The referring columns for people: {@code order_id, line}. */
    public String columnNames() {
        return String.join(
                ", ", columns.stream().map(pair -> pair.column().name()).toList());
    }

    /** The referenced columns for people. */
    public String referencedNames() {
        return String.join(
                ", ", columns.stream().map(pair -> pair.referenced().name()).toList());
    }

    /** {@code CONSTRAINT name FOREIGN KEY …}, not validated, to be added to a table. */
    public Sql notValid() {
        return Sql.of("CONSTRAINT {name} {definition}")
                .with("name", name)
                .with("definition", Sql.raw(enforced ? definition + " NOT VALID" : definition));
    }
}
