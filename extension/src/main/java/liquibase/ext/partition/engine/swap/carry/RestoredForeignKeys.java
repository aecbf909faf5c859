package liquibase.ext.partition.engine.swap.carry;

import java.util.ArrayList;
import java.util.List;
import liquibase.ext.partition.engine.sql.QualifiedName;
import liquibase.ext.partition.engine.sql.Sql;
import liquibase.ext.partition.engine.state.SwitchedForeignKeys;
import liquibase.ext.partition.engine.target.ForeignKeyTriggers;

/**
 * The foreign keys that referred to the table before the swap, on the way back: their triggers go, and they are made again without
 * a look at the rows that are there, which {@code ForeignKeyCompletion} takes after the commit.
 *
 * @param rows that the swap wrote; not made again where the referring table is gone
 * @param triggers whether triggers took the keys' places
 */
public record RestoredForeignKeys(Exchange exchange, List<SwitchedForeignKeys.Row> rows, boolean triggers)
        implements SwitchPart {
    private static final Sql ADD = Sql.of("ALTER TABLE {table} ADD {key}");
    private static final Sql COMMENT = Sql.of("COMMENT ON CONSTRAINT {name} ON {table} IS {comment}");

    public RestoredForeignKeys {
        rows = List.copyOf(rows);
    }

    @Override
    public List<Sql> locks() {
        return rows.stream()
                .filter(row -> !isSelf(row))
                .flatMap(row -> row.present().stream())
                .distinct()
                .map(table -> DroppedForeignKeys.LOCK.with("table", (QualifiedName) table))
                .toList();
    }

    @Override
    public List<Sql> beforeRenaming() {
        return rows.stream()
                .filter(row -> triggers)
                .flatMap(row ->
                        ForeignKeyTriggers.dropStatements(exchange.liveName(), row.referringName(), row.name())
                                .stream())
                .toList();
    }

    @Override
    public List<Sql> afterRenaming() {
        List<Sql> statements = new ArrayList<>();
        for (SwitchedForeignKeys.Row row : rows) {
            if (row.present().isEmpty()) {
                continue;
            }
            QualifiedName table =
                    isSelf(row) ? exchange.liveName() : row.present().get();
            statements.add(ADD.with("table", table).with("key", row.notValid()));
            row.comment()
                    .ifPresent(comment -> statements.add(COMMENT.with("name", row.name())
                            .with("table", table)
                            .with("comment", Sql.literal(comment))));
        }
        return statements;
    }

    /** The table that referred to itself is the backup. */
    private boolean isSelf(SwitchedForeignKeys.Row row) {
        return row.referringOid() == exchange.next().table().oid();
    }
}
