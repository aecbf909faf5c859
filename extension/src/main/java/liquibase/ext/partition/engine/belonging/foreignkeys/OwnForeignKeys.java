package liquibase.ext.partition.engine.belonging.foreignkeys;

import java.util.ArrayList;
import java.util.Collection;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import liquibase.ext.partition.engine.belonging.foreignkeys.read.ForeignKey;
import liquibase.ext.partition.engine.belonging.kind.SwitchPart;
import liquibase.ext.partition.engine.belonging.kind.TablePair;
import liquibase.ext.partition.engine.lock.Lock;
import liquibase.ext.partition.engine.sql.QualifiedName;
import liquibase.ext.partition.engine.sql.Sql;

/**
 * The table's own foreign keys. They are made again on the entering table, not validated, so that every row written
 * from now on is checked; {@code ForeignKeyCompletion} validates them after the commit. They must not exist before the
 * swap, because their triggers on the referenced table look at the new table's rows, which are not up to date.
 *
 * <p>On the leaving table they would look at rows that are not up to date either. Dropping a key takes ACCESS EXCLUSIVE
 * on the referenced table, whose readers may themselves be waiting for the table that is locked here. So the drop is
 * tried for a moment only, and otherwise {@code ForeignKeyCompletion} does it right after the commit.
 *
 * @param keys the foreign keys of the leaving table
 * @param onPartitions whether they are made on each partition, because a server before 18 has no key that is not
 *     validated on a partitioned table
 */
public record OwnForeignKeys(TablePair pair, List<ForeignKey> keys, boolean onPartitions, SwitchedForeignKeys switched)
        implements SwitchPart {
    private static final Sql ALTER = Sql.of("ALTER TABLE {table} {actions}");
    private static final Sql ADD = Sql.of("ADD {key}");
    private static final Sql DROP = Sql.of("DROP CONSTRAINT IF EXISTS {name}");

    private static final Sql TRY_DROP = Sql.of("""
            DO {quote}
            DECLARE
              timeout pg_catalog.text := pg_catalog.current_setting('lock_timeout');
            BEGIN
              PERFORM pg_catalog.set_config('lock_timeout', '20ms', true);
              {drop};
              PERFORM pg_catalog.set_config('lock_timeout', timeout, true);
            EXCEPTION WHEN lock_not_available OR deadlock_detected THEN
              NULL; -- It is done after the commit.
            END
            {quote}""");

    public OwnForeignKeys {
        keys = List.copyOf(keys);
    }

    /**
     * A session that deletes a referenced row has locked that table first. If we have no right to lock it, making the
     * key locks it.
     */
    @Override
    public List<Lock> locks() {
        return keys.stream()
                .filter(key -> key.referenced().lockable())
                .map(key -> key.referenced().name())
                .distinct()
                .map(Lock::againstWriters)
                .toList();
    }

    @Override
    public List<Sql> afterRenaming() {
        if (keys.isEmpty()) {
            return List.of();
        }
        List<Sql> statements = new ArrayList<>(List.of(switched.deleteStatement(false)));
        keys.forEach(key -> statements.add(switched.insertStatement(key, false, false)));
        Map<QualifiedName, List<Sql>> made = new LinkedHashMap<>();
        for (ForeignKey key : keys) {
            for (QualifiedName table : tables(key)) {
                made.computeIfAbsent(table, it -> new ArrayList<>()).add(ADD.with("key", key.notValid()));
            }
        }
        made.forEach(
                (table, actions) -> statements.add(ALTER.with("table", table).with("actions", list(actions))));
        for (ForeignKey key : keys) {
            Sql drop = ALTER.with("table", pair.liveName().sibling(pair.leavingName()))
                    .with("actions", DROP.with("name", key.name()));
            statements.add(TRY_DROP.with("quote", Sql.dollarQuote("drop", drop)).with("drop", drop));
        }
        return statements;
    }

    private List<QualifiedName> tables(ForeignKey key) {
        if (pair.next().byTrigger().isPresent()) {
            List<QualifiedName> tables = new ArrayList<>(List.of(pair.liveName()));
            tables.addAll(pair.next().partitions());
            return tables;
        }
        return onPartitions && key.enforced() && !pair.next().partitions().isEmpty()
                ? pair.next().partitions()
                : List.of(pair.liveName());
    }

    private static Sql list(Collection<Sql> actions) {
        return Sql.join(", ", actions);
    }
}
