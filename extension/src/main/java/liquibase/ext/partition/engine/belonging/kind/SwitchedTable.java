package liquibase.ext.partition.engine.belonging.kind;

import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.function.Predicate;
import liquibase.ext.partition.engine.catalog.Table;
import liquibase.ext.partition.engine.catalog.Trigger;
import liquibase.ext.partition.engine.delta.CapturedTable;
import liquibase.ext.partition.engine.partitioning.Routing;
import liquibase.ext.partition.engine.routing.TriggerRouting;
import liquibase.ext.partition.engine.sql.QualifiedName;

/**
 * One of the two tables of a switch, as the catalog has it.
 *
 * @param partitions its partitions or inheritance children; empty if it has none
 * @param routing how rows find the partitions
 * @param childTriggers the triggers of the default child if triggers route the rows: most of a user's row triggers are
 *     on the children then
 */
public record SwitchedTable(Table table, List<QualifiedName> partitions, Routing routing, List<Trigger> childTriggers) {
    public SwitchedTable {
        partitions = List.copyOf(partitions);
        childTriggers = List.copyOf(childTriggers);
    }

    /** A table without partitions. */
    public static SwitchedTable ordinary(Table table) {
        return new SwitchedTable(table, List.of(), Routing.NATIVE, List.of());
    }

    public QualifiedName name() {
        return table.name();
    }

    public CapturedTable captured(QualifiedName name) {
        return new CapturedTable(name, partitions, routing);
    }

    /**
     * The triggers of users, on whichever of its tables they are. A trigger that is on the table and on its children
     * counts as the table's.
     */
    public List<Trigger> userTriggers(Predicate<Trigger> ours) {
        List<Trigger> triggers = new ArrayList<>(table.triggers());
        childTriggers.stream()
                .filter(Trigger::forEachRow)
                .filter(trigger -> !has(table.triggers(), trigger))
                .forEach(triggers::add);
        return triggers.stream().filter(trigger -> !ours.test(trigger)).toList();
    }

    /**
     * The tables that have {@code trigger}, when the table has that name. Somebody may have made or dropped it on some
     * of them since.
     */
    public List<QualifiedName> tablesWith(Trigger trigger, QualifiedName name) {
        List<QualifiedName> tables = new ArrayList<>();
        if (has(table.triggers(), trigger)) {
            tables.add(name);
        }
        if (has(childTriggers, trigger)) {
            tables.addAll(partitions);
        }
        return tables;
    }

    /**
     * The triggers to make for {@code trigger}, on its own table or on another one.
     *
     * @param name the table's name by then
     */
    public List<Placed> places(Trigger trigger, QualifiedName name) {
        if (routing == Routing.NATIVE) {
            return List.of(new Placed(name, trigger));
        }
        List<Placed> places = new ArrayList<>();
        if (TriggerRouting.belongsOnParent(trigger)) {
            places.add(new Placed(name, trigger));
        }
        TriggerRouting.onChildren(trigger)
                .ifPresent(it -> partitions.forEach(partition -> places.add(new Placed(partition, it))));
        return places;
    }

    /** A trigger, and the table that must have it. */
    public record Placed(QualifiedName table, Trigger trigger) {}

    private static boolean has(List<Trigger> triggers, Trigger trigger) {
        return triggers.stream().anyMatch(it -> it.name().equals(trigger.name()));
    }

    /** How triggers route rows to the children; empty if none do. */
    public Optional<Routing> byTrigger() {
        return Optional.of(routing).filter(Routing.TRIGGER::equals);
    }
}
