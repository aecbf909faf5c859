package liquibase.ext.partition.engine.swap.carry;

import java.util.ArrayList;
import java.util.List;
import liquibase.ext.partition.engine.catalog.ForeignKey;
import liquibase.ext.partition.engine.sql.QualifiedName;
import liquibase.ext.partition.engine.sql.Sql;
import liquibase.ext.partition.engine.state.SwitchedForeignKeys;
import liquibase.ext.partition.engine.target.ForeignKeyTriggers;

/**
 * The foreign keys that referred to the table before the swap, on the way back: their triggers go, and they are made
 * again without a look at the rows that are there, which {@code ForeignKeyCompletion} takes after the commit.
 *
 * @param keys those of {@code present}, and those that the swap has dropped, as it wrote them down
 * @param present keys that refer to the leaving table, which are dropped, and made again as they are now
 * @param unknown those of them that no row tells of
 * @param gone rows of keys that were kept, and that somebody has dropped since
 * @param replaced rows whose referring table is another one since, with the rows of {@code keys} that say so
 */
public record RestoredForeignKeys(
        Exchange exchange,
        List<Restored> keys,
        List<ForeignKey> present,
        List<ForeignKey> unknown,
        List<SwitchedForeignKeys.Row> gone,
        List<SwitchedForeignKeys.Replaced> replaced,
        SwitchedForeignKeys switched)
        implements SwitchPart {
    /**
     * One of them.
     *
     * @param tables where it is made: the referring table, or its partitions where a server before 18 has no key that
     *     is not validated on a partitioned table; none where it, or the key, is gone
     * @param functions of the triggers that took its place, by the names that they have now
     */
    public record Restored(SwitchedForeignKeys.Row row, List<QualifiedName> tables, List<QualifiedName> functions) {
        public Restored {
            tables = List.copyOf(tables);
            functions = List.copyOf(functions);
        }
    }

    private static final Sql DROP = Sql.of("ALTER TABLE {table} DROP CONSTRAINT {name}");
    private static final Sql ADD = Sql.of("ALTER TABLE {table} ADD {key}");

    public RestoredForeignKeys {
        keys = List.copyOf(keys);
        present = List.copyOf(present);
        unknown = List.copyOf(unknown);
        gone = List.copyOf(gone);
        replaced = List.copyOf(replaced);
    }

    @Override
    public List<QualifiedName> referringTables() {
        return keys.stream()
                .map(Restored::row)
                .filter(row -> !isSelf(row))
                .flatMap(row -> row.present().stream())
                .distinct()
                .toList();
    }

    @Override
    public List<Sql> beforeRenaming() {
        List<Sql> statements = new ArrayList<>();
        gone.forEach(row -> statements.add(switched.deleteStatement(row)));
        replaced.forEach(it -> statements.add(switched.replaceStatement(it)));
        unknown.forEach(key -> statements.add(switched.insertStatement(key, true, false)));
        present.forEach(
                key -> statements.add(DROP.with("table", key.referring().name()).with("name", key.name())));
        keys.forEach(key -> statements.addAll(ForeignKeyTriggers.dropStatements(key.functions())));
        return statements;
    }

    @Override
    public List<Sql> afterRenaming() {
        List<Sql> statements = new ArrayList<>();
        for (Restored key : keys) {
            List<QualifiedName> tables = isSelf(key.row()) ? List.of(exchange.liveName()) : key.tables();
            for (QualifiedName table : tables) {
                statements.add(ADD.with("table", table).with("key", key.row().notValid()));
            }
        }
        return statements;
    }

    /** The table that referred to itself is the backup. */
    private boolean isSelf(SwitchedForeignKeys.Row row) {
        return row.referringOid() == exchange.next().table().oid();
    }
}
