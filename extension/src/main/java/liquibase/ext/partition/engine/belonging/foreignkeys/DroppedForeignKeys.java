package liquibase.ext.partition.engine.belonging.foreignkeys;

import java.util.ArrayList;
import java.util.List;
import liquibase.ext.partition.engine.belonging.foreignkeys.read.ForeignKey;
import liquibase.ext.partition.engine.belonging.foreignkeys.triggers.ForeignKeyTriggers;
import liquibase.ext.partition.engine.belonging.kind.SwitchPart;
import liquibase.ext.partition.engine.belonging.kind.TablePair;
import liquibase.ext.partition.engine.catalog.Trigger;
import liquibase.ext.partition.engine.sql.QualifiedName;
import liquibase.ext.partition.engine.sql.Sql;

/**
 * The foreign keys that refer to the table, in the swap: they are dropped, and recorded for the way back. Keys that can
 * refer to the entering table are made again without checking existing rows, which {@code ForeignKeyCompletion} does
 * after the commit. Triggers take the place of the others if the settings ask for that.
 *
 * @param kept the keys that are made again
 * @param triggers triggers that take the place of other keys; empty if none do
 */
public record DroppedForeignKeys(
        TablePair pair,
        List<ForeignKey> keys,
        List<Kept> kept,
        List<ForeignKeyTriggers> triggers,
        SwitchedForeignKeys switched)
        implements SwitchPart {
    /**
     * A key that refers to the entering table.
     *
     * @param tables where the key is made: on the referring table, or on its partitions if a server before 18 has no
     *     key that is not validated on a partitioned table
     */
    public record Kept(ForeignKey key, List<QualifiedName> tables) {
        public Kept {
            tables = List.copyOf(tables);
        }
    }

    private static final Sql ADD = Sql.of("ALTER TABLE {table} ADD {key}");
    private static final Sql DROP = Sql.of("ALTER TABLE {table} DROP CONSTRAINT {name}");

    public DroppedForeignKeys {
        keys = List.copyOf(keys);
        kept = List.copyOf(kept);
        triggers = List.copyOf(triggers);
    }

    /** The entering table gets triggers of these names. */
    @Override
    public boolean owns(Trigger trigger) {
        return triggers.stream().anyMatch(it -> it.triggersOnReferenced().contains(trigger.name()));
    }

    @Override
    public List<QualifiedName> referringTables() {
        return keys.stream()
                .filter(key -> !key.refersToItself())
                .map(key -> key.referring().name())
                .distinct()
                .toList();
    }

    @Override
    public List<Sql> beforeRenaming() {
        List<Sql> statements = new ArrayList<>();
        if (!keys.isEmpty()) {
            statements.add(switched.deleteStatement(true));
        }
        for (ForeignKey key : keys) {
            statements.add(switched.insertStatement(
                    key, true, kept.stream().anyMatch(it -> it.key().equals(key))));
            statements.add(DROP.with("table", key.referring().name()).with("name", key.name()));
        }
        return statements;
    }

    @Override
    public List<Sql> afterRenaming() {
        List<Sql> statements = new ArrayList<>();
        for (Kept it : kept) {
            it.tables()
                    .forEach(table -> statements.add(
                            ADD.with("table", table).with("key", it.key().notValid())));
        }
        triggers.forEach(trigger -> statements.addAll(trigger.createStatements()));
        return statements;
    }
}
