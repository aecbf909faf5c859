package liquibase.ext.partition.engine.swap;

import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import liquibase.ext.partition.engine.catalog.Trigger;
import liquibase.ext.partition.engine.run.Lock;
import liquibase.ext.partition.engine.sql.QualifiedName;
import liquibase.ext.partition.engine.sql.Sql;
import liquibase.ext.partition.engine.swap.carry.CaptureTriggers;
import liquibase.ext.partition.engine.swap.carry.CarriedNames;
import liquibase.ext.partition.engine.swap.carry.ColumnSequences;
import liquibase.ext.partition.engine.swap.carry.Exchange;
import liquibase.ext.partition.engine.swap.carry.IndexNames;
import liquibase.ext.partition.engine.swap.carry.Ownership;
import liquibase.ext.partition.engine.swap.carry.RoutingTriggers;
import liquibase.ext.partition.engine.swap.carry.SwitchPart;
import liquibase.ext.partition.engine.swap.carry.TableComment;
import liquibase.ext.partition.engine.swap.carry.TableGrants;
import liquibase.ext.partition.engine.swap.carry.UserTriggers;
import liquibase.ext.partition.engine.target.TriggerRouting;

/**
 * The statements by which one table takes the place of another: its name, and what goes with it. Pure: planned from
 * what the catalog says, run by others in the one transaction that holds the lock.
 *
 * @param parts as {@link SwitchPart} says, the innermost first
 */
record Switch(Exchange exchange, List<SwitchPart> parts) {
    private static final Sql RENAME_TABLE = Sql.of("ALTER TABLE {table} RENAME TO {name}");

    Switch {
        parts = List.copyOf(parts);
    }

    /**
     * @param routing by triggers, of that of the two tables whose rows are routed so
     * @param settings of the tables, their columns and indexes, which come after the names of these
     * @param foreignKeys what becomes of them
     * @param stretched as {@link ColumnSequences} takes it
     * @param capture moves from the leaving to the entering table
     * @param protection as {@link Protection} has read it
     * @param dependents as {@link DependentParts} has read them
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
     * All locks, in the order in which they are to be taken. The idle table comes first: whoever reads it, or one
     * partition of it, is waited for while nobody waits for us.
     *
     * <p>Who writes a row and then one that refers to it locks the live table first; who writes only the latter locks
     * the referring table, and then the live one to look for the row. Neither can be waited for by one who has locked
     * the other table against everybody. So both are locked against writers first, which lets who only looks for the
     * row pass, and then against the rest.
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

    /** In order; every one must succeed. */
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
