package liquibase.ext.partition.engine.swap.carry;

import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import liquibase.ext.partition.engine.catalog.Column;
import liquibase.ext.partition.engine.catalog.Grant;
import liquibase.ext.partition.engine.catalog.Sequence;
import liquibase.ext.partition.engine.catalog.Table;
import liquibase.ext.partition.engine.sql.Identifier;
import liquibase.ext.partition.engine.sql.Sql;

/**
 * A serial column's sequence is shared by both tables' defaults and changes its owner; an identity column has a sequence of its
 * own on each side, so the entering one goes on where the leaving one stands, and they exchange names.
 */
public record ColumnSequences(Exchange exchange, CarriedNames names) implements SwitchPart {
    private static final Sql RENAME_SEQUENCE = Sql.of("ALTER SEQUENCE {sequence} RENAME TO {name}");
    private static final Sql OWN_SEQUENCE = Sql.of("ALTER SEQUENCE {sequence} OWNED BY {table}.{column}");

    private static final Sql COMMENT = Sql.of("COMMENT ON SEQUENCE {sequence} IS {comment}");
    private static final Sql GRANT_TO_OWNER = Sql.of("GRANT SELECT, UPDATE ON SEQUENCE {sequence} TO {owner}");
    private static final Sql SET_SEQUENCE_TYPE = Sql.of("ALTER SEQUENCE {sequence} AS {type}");
    private static final Set<String> SEQUENCE_TYPES = Set.of("smallint", "integer", "bigint");

    private static final Sql CONTINUE_SEQUENCE =
            Sql.of("SELECT pg_catalog.setval({to}::pg_catalog.regclass, last_value, is_called) FROM {from}");

    /** Only ever forward: setval is not undone by a rollback. */
    private static final Sql ADVANCE_SEQUENCE = Sql.of("""
            SELECT pg_catalog.setval({sequenceName}::pg_catalog.regclass, m.value::bigint, true)
            FROM (SELECT {extreme}({column}) AS value FROM {table}) AS m, {sequence} AS s, pg_catalog.pg_sequence AS p
            WHERE p.seqrelid = {sequenceName}::pg_catalog.regclass AND m.value BETWEEN p.seqmin AND p.seqmax
              AND (m.value {beyond} s.last_value OR (m.value = s.last_value AND NOT s.is_called))""");

    @Override
    public List<Sql> beforeRenaming() {
        List<Sql> statements = new ArrayList<>();
        for (Column column : exchange.old().table().columns()) {
            for (Sequence sequence : column.sequences()) {
                if (sequence.identity()) {
                    Sequence own = identitySequence(exchange.next().table(), column.name());
                    setIdentityType(statements, column, own);
                    statements.add(
                            CONTINUE_SEQUENCE.with("to", own.name().quoted()).with("from", sequence.name()));
                    advance(statements, column, own);
                    statements.add(RENAME_SEQUENCE
                            .with("sequence", sequence.name())
                            .with("name", names.aside(sequence.name().name())));
                    statements.add(RENAME_SEQUENCE
                            .with("sequence", own.name())
                            .with("name", sequence.name().name()));
                    statements.addAll(SameGrants.on(
                            "SEQUENCE",
                            sequence.name(),
                            exchange.old().table().owner(),
                            own.grants(),
                            sequence.grants()));
                    keepSettable(statements, sequence);
                    if (!own.comment().equals(sequence.comment())) {
                        statements.add(COMMENT.with("sequence", sequence.name())
                                .with(
                                        "comment",
                                        sequence.comment().map(Sql::literal).orElse(Sql.raw("NULL"))));
                    }
                } else {
                    setSequenceType(statements, column, sequence);
                    advance(statements, column, sequence);
                    statements.add(OWN_SEQUENCE
                            .with("sequence", sequence.name())
                            .with("table", exchange.next().table().name())
                            .with("column", column.name()));
                }
            }
        }
        return statements;
    }

    /** A serial column's sequence ends where its type ends, which for a wider column is too early. */
    private void setSequenceType(List<Sql> statements, Column column, Sequence sequence) {
        String type =
                exchange.next().table().column(column.name()).orElseThrow().type();
        if (sequence.suppliesColumn() && !type.equals(column.type()) && SEQUENCE_TYPES.contains(type)) {
            statements.add(SET_SEQUENCE_TYPE.with("sequence", sequence.name()).with("type", Sql.raw(type)));
        }
    }

    /** An owner that has taken rights on it from itself needs them on the one put aside, for the way back. */
    private void keepSettable(List<Sql> statements, Sequence sequence) {
        List<String> ofOwner = sequence.grants().stream()
                .filter(Grant::toOwner)
                .map(Grant::privilege)
                .toList();
        if (!ofOwner.containsAll(List.of("SELECT", "UPDATE"))) {
            statements.add(GRANT_TO_OWNER
                    .with(
                            "sequence",
                            sequence.name().sibling(names.aside(sequence.name().name())))
                    .with("owner", exchange.old().table().owner()));
        }
    }

    /** LIKE makes every identity column's sequence a bigint. */
    private void setIdentityType(List<Sql> statements, Column column, Sequence own) {
        String type =
                exchange.next().table().column(column.name()).orElseThrow().type();
        if (!type.equals("bigint") && SEQUENCE_TYPES.contains(type)) {
            statements.add(SET_SEQUENCE_TYPE.with("sequence", own.name()).with("type", Sql.raw(type)));
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
                    .with("table", ordinary().table().name())
                    .with("sequence", sequence.name()));
        }
    }

    /** Both have the same rows by now, and this one has one index to look into instead of one on each partition. */
    private SwitchedTable ordinary() {
        return exchange.old().partitions().isEmpty() ? exchange.old() : exchange.next();
    }

    /** The largest value is looked up under the lock, so only where an index gives it at once. */
    private boolean isIndexed(Column column) {
        return exchange.old().table().indexes().stream()
                .anyMatch(index -> index.valid()
                        && !index.partial()
                        && index.method().startsWith("btree")
                        && !index.columns().isEmpty()
                        && index.columns().get(0).equals(column.name()));
    }
}
