package liquibase.ext.partition.engine.swap.carry;

import java.util.ArrayList;
import java.util.List;
import liquibase.ext.partition.engine.catalog.ForeignKey;
import liquibase.ext.partition.engine.sql.QualifiedName;
import liquibase.ext.partition.engine.sql.Sql;
import liquibase.ext.partition.engine.state.SwitchedForeignKeys;
import liquibase.ext.partition.engine.target.ForeignKeyTriggers;

/**
 * The foreign keys that refer to the table, in the swap: dropped, and written down for the way back. Triggers take their place
 * where that is asked for.
 *
 * @param triggers that take their places; empty where nothing does
 */
public record DroppedForeignKeys(
        Exchange exchange, List<ForeignKey> keys, List<ForeignKeyTriggers> triggers, SwitchedForeignKeys switched)
        implements SwitchPart {
    private static final Sql DROP = Sql.of("ALTER TABLE {table} DROP CONSTRAINT {name}");

    public DroppedForeignKeys {
        keys = List.copyOf(keys);
        triggers = List.copyOf(triggers);
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
            statements.add(switched.insertStatement(key, true));
            statements.add(DROP.with("table", key.referring().name()).with("name", key.name()));
        }
        return statements;
    }

    @Override
    public List<Sql> afterRenaming() {
        return triggers.stream()
                .flatMap(trigger -> trigger.createStatements().stream())
                .toList();
    }
}
