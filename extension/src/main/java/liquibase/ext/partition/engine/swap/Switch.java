package liquibase.ext.partition.engine.swap;

import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import liquibase.ext.partition.engine.belonging.comments.TableComment;
import liquibase.ext.partition.engine.belonging.foreignkeys.ForeignKeys;
import liquibase.ext.partition.engine.belonging.grants.Ownership;
import liquibase.ext.partition.engine.belonging.grants.TableGrants;
import liquibase.ext.partition.engine.belonging.indexes.IndexNames;
import liquibase.ext.partition.engine.belonging.part.CarriedNames;
import liquibase.ext.partition.engine.belonging.part.Exchange;
import liquibase.ext.partition.engine.belonging.part.SwitchPart;
import liquibase.ext.partition.engine.belonging.sequences.ColumnSequences;
import liquibase.ext.partition.engine.belonging.triggers.CaptureTriggers;
import liquibase.ext.partition.engine.belonging.triggers.RoutingTriggers;
import liquibase.ext.partition.engine.belonging.triggers.UserTriggers;
import liquibase.ext.partition.engine.catalog.Trigger;
import liquibase.ext.partition.engine.lock.Lock;
import liquibase.ext.partition.engine.routing.TriggerRouting;
import liquibase.ext.partition.engine.sql.QualifiedName;
import liquibase.ext.partition.engine.sql.Sql;

/**
 * The statements by which one table takes the place of another, with its name and everything that goes with the name.
 * Pure: planned from the catalog, run by others in the one transaction that holds the lock.
 *
 * @param parts in the order that {@link SwitchPart} describes, the innermost first
 */
record Switch(Exchange exchange, List<SwitchPart> parts) {
    private static final Sql RENAME_TABLE = Sql.of("ALTER TABLE {table} RENAME TO {name}");

    Switch {
        parts = List.copyOf(parts);
    }

    /**
     * @param routing the routing by triggers of that table of the two whose rows are routed so
     * @param settings the settings of the tables, their columns and indexes, which come after the names of these
     * @param foreignKeys what becomes of the foreign keys
     * @param stretched as {@link ColumnSequences} takes it
     * @param capture the capture that moves from the leaving to the entering table
     * @param protection the parts of row security, security labels and publications
     * @param dependents the parts that {@link DependentParts} has read
     */
    static Switch of(
            Exchange exchange,
            CarriedNames names,
            Optional<TriggerRouting> routing,
            List<SwitchPart> settings,
            boolean stretched,
            ForeignKeys foreignKeys,
            CaptureTriggers capture,
            List<SwitchPart> protection,
            List<SwitchPart> dependents) {
        List<SwitchPart> parts = new ArrayList<>();
        parts.add(new ColumnSequences(exchange, stretched));
        parts.add(new Ownership(exchange));
        parts.add(new IndexNames(exchange, names));
        parts.addAll(settings);
        List<Trigger> userTriggers = exchange.old()
                .userTriggers(name -> capture.capture().owns(name)
                        || foreignKeys.triggers().contains(name)
                        || routing.filter(it -> it.owns(name)).isPresent());
        parts.add(new UserTriggers(exchange, userTriggers));
        parts.add(new TableGrants(exchange));
        parts.addAll(protection);
        parts.add(new TableComment(exchange));
        parts.addAll(foreignKeys.incoming());
        parts.add(capture);
        parts.add(new RoutingTriggers(exchange, routing, userTriggers));
        parts.add(foreignKeys.own());
        parts.addAll(dependents);
        return new Switch(exchange, parts);
    }

    /**
     * All locks, in the order in which they must be taken. The idle table comes first: while its readers, or those of
     * one of its partitions, are waited for, nobody waits for us.
     *
     * <p>A writer who writes a row and then one that refers to it locks the live table first. A writer who writes only
     * the referring row locks the referring table, and then the live one to look for the row. A session that has locked
     * one of the tables against everybody can wait for neither. So both tables are first locked against writers, which
     * lets those pass who only look for the row, and then against everybody else.
     */
    List<Lock> locks() {
        List<Lock> locks = new ArrayList<>(List.of(Lock.ofIdle(exchange.next().name())));
        parts.forEach(part -> locks.addAll(part.locks()));
        List<QualifiedName> referring = parts.stream()
                .flatMap(part -> part.referringTables().stream())
                .distinct()
                .toList();
        if (!referring.isEmpty()) {
            locks.add(Lock.againstWriters(exchange.liveName()));
            referring.forEach(table -> locks.add(Lock.againstWriters(table)));
            referring.forEach(table -> locks.add(Lock.againstAll(table)));
        }
        locks.add(Lock.againstAll(exchange.liveName()));
        return locks;
    }

    /** The statements in their order; every one must succeed. */
    List<Sql> statements() {
        List<Sql> statements = new ArrayList<>();
        for (int i = parts.size() - 1; i >= 0; i--) {
            statements.addAll(parts.get(i).beforeRenaming());
        }
        statements.add(RENAME_TABLE.with("table", exchange.liveName()).with("name", exchange.leavingName()));
        statements.add(RENAME_TABLE
                .with("table", exchange.next().name())
                .with("name", exchange.liveName().name()));
        parts.forEach(part -> statements.addAll(part.afterRenaming()));
        return statements;
    }
}
