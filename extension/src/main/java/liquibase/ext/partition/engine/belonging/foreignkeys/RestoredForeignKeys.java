package liquibase.ext.partition.engine.belonging.foreignkeys;

import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import liquibase.ext.partition.engine.belonging.foreignkeys.read.ForeignKey;
import liquibase.ext.partition.engine.belonging.foreignkeys.triggers.ForeignKeyTriggers;
import liquibase.ext.partition.engine.belonging.kind.SwitchPart;
import liquibase.ext.partition.engine.belonging.kind.TablePair;
import liquibase.ext.partition.engine.catalog.Trigger;
import liquibase.ext.partition.engine.sql.Identifier;
import liquibase.ext.partition.engine.sql.QualifiedName;
import liquibase.ext.partition.engine.sql.Sql;

/**
 * The foreign keys that referred to the table before the swap, on the way back: their triggers are dropped, and they
 * are made again without checking existing rows, which {@code ForeignKeyCompletion} does after the commit.
 *
 * @param keys the keys in {@code present}, and those that the swap has dropped, as it recorded them
 * @param present keys that refer to the leaving table, which are dropped and made again as they are now
 * @param unknown those of {@code present} that no record describes
 * @param gone records of keys that were kept, and that somebody has dropped since
 * @param triggers the triggers on the partitioned table that keep the keys, and belong to no user
 * @param replaced records whose referring table is another one since, with the records in {@code keys} that say so
 */
public record RestoredForeignKeys(
        TablePair pair,
        List<Restored> keys,
        List<ForeignKey> present,
        List<ForeignKey> unknown,
        List<SwitchedForeignKeys.Row> gone,
        Set<Identifier> triggers,
        List<SwitchedForeignKeys.Replaced> replaced,
        SwitchedForeignKeys switched)
        implements SwitchPart {
    /**
     * A key that is made again.
     *
     * @param tables where the key is made: on the referring table, or on its partitions if a server before 18 has no
     *     key that is not validated on a partitioned table; empty if the table or the key is gone
     * @param functions the functions of the triggers that took its place, by their present names
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
        triggers = Set.copyOf(triggers);
        replaced = List.copyOf(replaced);
    }

    @Override
    public boolean owns(Trigger trigger) {
        return triggers.contains(trigger.name()) || drops(trigger.calls());
    }

    @Override
    public boolean drops(QualifiedName function) {
        return keys.stream().anyMatch(key -> key.functions().contains(function));
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
            List<QualifiedName> tables = isSelf(key.row()) ? List.of(pair.liveName()) : key.tables();
            for (QualifiedName table : tables) {
                statements.add(ADD.with("table", table).with("key", key.row().notValid()));
            }
        }
        return statements;
    }

    /** Whether the key is on the backup, which referred to itself. */
    private boolean isSelf(SwitchedForeignKeys.Row row) {
        return row.referringOid() == pair.next().table().oid();
    }
}
