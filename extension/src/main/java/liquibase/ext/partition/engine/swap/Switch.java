package liquibase.ext.partition.engine.swap;

import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.function.UnaryOperator;
import liquibase.ext.partition.engine.catalog.Column;
import liquibase.ext.partition.engine.catalog.Grant;
import liquibase.ext.partition.engine.catalog.Index;
import liquibase.ext.partition.engine.catalog.Sequence;
import liquibase.ext.partition.engine.catalog.Table;
import liquibase.ext.partition.engine.catalog.Trigger;
import liquibase.ext.partition.engine.delta.Capture;
import liquibase.ext.partition.engine.sql.Identifier;
import liquibase.ext.partition.engine.sql.QualifiedName;
import liquibase.ext.partition.engine.sql.Sql;
import liquibase.ext.partition.engine.target.TriggerRouting;

/**
 * The statements by which one table takes the place of another: its name, the names of its indexes and sequences, its
 * triggers, grants and comment, and capture on it. Pure: planned from what the two tables are, run by others in the one
 * transaction that holds the lock.
 *
 * @param old the table that has the live name
 * @param leavingName what it is called afterwards
 * @param next the table that gets the live name
 * @param routing by triggers, of that of the two whose rows are routed so
 * @param carriedIndexes names of the live table's indexes that the entering table has too
 * @param aside what an index or sequence of the leaving table is called afterwards
 * @param counterpart what the entering table's index is called before
 * @param capture moves from the leaving to the entering table
 */
record Switch(
        SwitchedTable old,
        Identifier leavingName,
        SwitchedTable next,
        Optional<TriggerRouting> routing,
        List<Identifier> carriedIndexes,
        UnaryOperator<Identifier> aside,
        UnaryOperator<Identifier> counterpart,
        Capture capture) {

    private static final Sql RENAME_TABLE = Sql.of("ALTER TABLE {table} RENAME TO {name}");
    private static final Sql RENAME_INDEX = Sql.of("ALTER INDEX {index} RENAME TO {name}");
    private static final Sql RENAME_SEQUENCE = Sql.of("ALTER SEQUENCE {sequence} RENAME TO {name}");
    private static final Sql OWN_SEQUENCE = Sql.of("ALTER SEQUENCE {sequence} OWNED BY {table}.{column}");

    private static final Sql SET_SEQUENCE_TYPE = Sql.of("ALTER SEQUENCE {sequence} AS {type}");
    private static final Set<String> SEQUENCE_TYPES = Set.of("smallint", "integer", "bigint");

    private static final Sql CONTINUE_SEQUENCE =
            Sql.of("SELECT pg_catalog.setval({to}::regclass, last_value, is_called) FROM {from}");

    /** Only ever forward: setval is not undone by a rollback. */
    private static final Sql ADVANCE_SEQUENCE = Sql.of("""
            SELECT pg_catalog.setval({sequenceName}::regclass, m.value, true)
            FROM (SELECT {extreme}({column}) AS value FROM {table}) AS m, {sequence} AS s, pg_catalog.pg_sequence AS p
            WHERE p.seqrelid = {sequenceName}::regclass AND m.value BETWEEN p.seqmin AND p.seqmax
              AND (m.value {beyond} s.last_value OR (m.value = s.last_value AND NOT s.is_called))""");

    private static final Sql DROP_TRIGGER = Sql.of("DROP TRIGGER {trigger} ON {table}");
    private static final Sql SET_TRIGGER = Sql.of("ALTER TABLE {table} {state} TRIGGER {trigger}");
    private static final Sql REVOKE_ALL = Sql.of("REVOKE ALL ON {kind} {object} FROM {grantee}");
    private static final Sql GRANT = Sql.of("GRANT {privilege} ON {kind} {object} TO {grantee}{option}");
    private static final Sql CHANGE_OWNER = Sql.of("ALTER TABLE {table} OWNER TO {owner}");
    private static final Sql COMMENT = Sql.of("COMMENT ON TABLE {table} IS {comment}");

    /** In order; every one must succeed. */
    List<Sql> statements() {
        Table leaving = old.table();
        Table entering = next.table();
        List<Sql> statements = new ArrayList<>();
        old.byTrigger().ifPresent(it -> statements.addAll(routing.orElseThrow().dropStatements()));
        statements.addAll(capture.stopStatements(old.captured(leaving.name())));
        for (Trigger trigger : userTriggers()) {
            for (QualifiedName table : old.tablesOf(trigger, leaving.name())) {
                statements.add(DROP_TRIGGER.with("trigger", trigger.name()).with("table", table));
            }
        }
        setOwner(statements);
        moveSequences(statements);
        statements.add(RENAME_TABLE.with("table", leaving.name()).with("name", leavingName));
        statements.add(RENAME_TABLE
                .with("table", entering.name())
                .with("name", leaving.name().name()));
        renameIndexes(statements);
        createTriggers(statements);
        // The same rights as the leaving table has now, and no others: default privileges may have given some.
        statements.addAll(sameGrants("TABLE", leaving.name(), entering.grants(), leaving.grants()));
        leaving.comment()
                .ifPresent(comment ->
                        statements.add(COMMENT.with("table", leaving.name()).with("comment", Sql.literal(comment))));
        statements.addAll(capture.adaptStatements(leaving, entering));
        statements.addAll(capture.startStatements(next.captured(leaving.name())));
        next.byTrigger().ifPresent(it -> routeByTrigger(statements));
        return statements;
    }

    private List<Trigger> userTriggers() {
        return old.userTriggers(name ->
                capture.owns(name) || routing.filter(it -> it.owns(name)).isPresent());
    }

    /** Last of all: the children that are made on demand are made like the default one. */
    private void routeByTrigger(List<Sql> statements) {
        TriggerRouting triggers = routing.orElseThrow();
        if (triggers.rights() == TriggerRouting.Rights.WRITER) {
            for (QualifiedName child : next.partitions()) {
                statements.addAll(sameGrants(
                        "TABLE", child, next.table().grants(), old.table().grants()));
            }
        }
        statements.addAll(triggers.attachStatements(
                old.table().owner(),
                next.partitions().stream()
                        .flatMap(child -> triggers.layout().partition(child.name()).stream())
                        .toList()));
    }

    /**
     * A serial column's sequence is shared by both tables' defaults and changes its owner; an identity column has a sequence
     * of its own on each side, so the entering one goes on where the leaving one stands, and they exchange names.
     */
    private void moveSequences(List<Sql> statements) {
        for (Column column : old.table().columns()) {
            for (Sequence sequence : column.sequences()) {
                if (sequence.identity()) {
                    Sequence own = identitySequence(next.table(), column.name());
                    statements.add(
                            CONTINUE_SEQUENCE.with("to", own.name().quoted()).with("from", sequence.name()));
                    advance(statements, column, own);
                    statements.add(RENAME_SEQUENCE
                            .with("sequence", sequence.name())
                            .with("name", aside.apply(sequence.name().name())));
                    statements.add(RENAME_SEQUENCE
                            .with("sequence", own.name())
                            .with("name", sequence.name().name()));
                    statements.addAll(sameGrants("SEQUENCE", sequence.name(), own.grants(), sequence.grants()));
                } else {
                    setSequenceType(statements, column, sequence);
                    advance(statements, column, sequence);
                    statements.add(OWN_SEQUENCE
                            .with("sequence", sequence.name())
                            .with("table", next.table().name())
                            .with("column", column.name()));
                }
            }
        }
    }

    /** A serial column's sequence ends where its type ends, which for a wider column is too early. */
    private void setSequenceType(List<Sql> statements, Column column, Sequence sequence) {
        String type = next.table().column(column.name()).orElseThrow().type();
        if (sequence.suppliesColumn() && !type.equals(column.type()) && SEQUENCE_TYPES.contains(type)) {
            statements.add(SET_SEQUENCE_TYPE.with("sequence", sequence.name()).with("type", Sql.raw(type)));
        }
    }

    private static Sequence identitySequence(Table table, Identifier column) {
        return table.column(column).stream()
                .flatMap(it -> it.sequences().stream())
                .filter(Sequence::identity)
                .findFirst()
                .orElseThrow();
    }

    private void advance(List<Sql> statements, Column column, Sequence sequence) {
        if (sequence.suppliesColumn() && isIndexed(column)) {
            statements.add(ADVANCE_SEQUENCE
                    .with("sequenceName", sequence.name().quoted())
                    .with("extreme", Sql.raw(sequence.ascending() ? "max" : "min"))
                    .with("beyond", Sql.raw(sequence.ascending() ? ">" : "<"))
                    .with("column", column.name())
                    .with("table", old.table().name())
                    .with("sequence", sequence.name()));
        }
    }

    /** The largest value is looked up under the lock, so only where an index gives it at once. */
    private boolean isIndexed(Column column) {
        return old.table().indexes().stream()
                .anyMatch(index -> index.valid()
                        && !index.partial()
                        && index.method().startsWith("btree")
                        && !index.columns().isEmpty()
                        && index.columns().get(0).equals(column.name()));
    }

    private void renameIndexes(List<Sql> statements) {
        for (Identifier name : carriedIndexes) {
            if (old.table().index(name).isPresent()) {
                statements.add(RENAME_INDEX
                        .with("index", old.table().name().sibling(name))
                        .with("name", aside.apply(name)));
            }
            statements.add(RENAME_INDEX
                    .with("index", next.table().name().sibling(counterpart.apply(name)))
                    .with("name", name));
        }
    }

    /** On the table that has the live name by now, or on its children. */
    private void createTriggers(List<Sql> statements) {
        for (Trigger trigger : userTriggers()) {
            for (QualifiedName table : next.tablesOf(trigger, old.name())) {
                createTrigger(statements, trigger, table);
            }
        }
    }

    private static void createTrigger(List<Sql> statements, Trigger trigger, QualifiedName table) {
        statements.add(trigger.createOn(table));
        String state = switch (trigger.enabled()) {
            case 'D' -> "DISABLE";
            case 'R' -> "ENABLE REPLICA";
            case 'A' -> "ENABLE ALWAYS";
            default -> "";
        };
        if (!state.isEmpty()) {
            statements.add(SET_TRIGGER
                    .with("table", table)
                    .with("state", Sql.raw(state))
                    .with("trigger", trigger.name()));
        }
    }

    /** First of all: a sequence can only belong to a table of the same owner. */
    private void setOwner(List<Sql> statements) {
        if (!next.table().owner().equals(old.table().owner())) {
            statements.add(CHANGE_OWNER
                    .with("table", next.table().name())
                    .with("owner", old.table().owner()));
            for (QualifiedName partition : next.partitions()) {
                statements.add(CHANGE_OWNER
                        .with("table", partition)
                        .with("owner", old.table().owner()));
            }
        }
    }

    /** Statements that leave {@code object} with the grants in {@code wanted}, and no others. */
    private static List<Sql> sameGrants(String kind, QualifiedName object, List<Grant> present, List<Grant> wanted) {
        if (present.equals(wanted)) {
            return List.of();
        }
        List<Sql> statements = new ArrayList<>();
        present.stream()
                .map(Switch::grantee)
                .distinct()
                .forEach(grantee -> statements.add(REVOKE_ALL
                        .with("kind", Sql.raw(kind))
                        .with("object", object)
                        .with("grantee", grantee)));
        for (Grant grant : wanted) {
            Sql privilege = Sql.raw(grant.privilege());
            statements.add(GRANT.with(
                            "privilege",
                            grant.column()
                                    .map(column -> Sql.of("{privilege} ({column})")
                                            .with("privilege", privilege)
                                            .with("column", column))
                                    .orElse(privilege))
                    .with("kind", Sql.raw(kind))
                    .with("object", object)
                    .with("grantee", grantee(grant))
                    .with("option", Sql.raw(grant.grantable() ? " WITH GRANT OPTION" : "")));
        }
        return statements;
    }

    private static Sql grantee(Grant grant) {
        return grant.grantee().map(Identifier::asSql).orElse(Sql.raw("PUBLIC"));
    }

    /** The names of {@code table}'s usable indexes. */
    static List<Identifier> usableIndexes(Table table) {
        return table.indexes().stream().filter(Index::valid).map(Index::name).toList();
    }
}
