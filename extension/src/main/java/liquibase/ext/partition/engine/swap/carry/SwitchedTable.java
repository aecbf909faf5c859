package liquibase.ext.partition.engine.swap.carry;

import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.function.Predicate;
import liquibase.ext.partition.engine.catalog.Table;
import liquibase.ext.partition.engine.catalog.Trigger;
import liquibase.ext.partition.engine.delta.CapturedTable;
import liquibase.ext.partition.engine.sql.Identifier;
import liquibase.ext.partition.engine.sql.QualifiedName;
import liquibase.ext.partition.engine.target.Routing;

/**
 * One of the two tables of a switch, as the catalog has it.
 *
 * @param partitions or inheritance children; none where it has none
 * @param routing how rows find these
 * @param childTriggers the triggers of the default child where rows are routed by triggers: a user's row triggers are on the
 *     children then
 */
public record SwitchedTable(Table table, List<QualifiedName> partitions, Routing routing, List<Trigger> childTriggers) {
    public SwitchedTable {
        partitions = List.copyOf(partitions);
        childTriggers = List.copyOf(childTriggers);
    }

    /** One without partitions. */
    public static SwitchedTable ordinary(Table table) {
        return new SwitchedTable(table, List.of(), Routing.NATIVE, List.of());
    }

    public QualifiedName name() {
        return table.name();
    }

    CapturedTable captured(QualifiedName name) {
        return new CapturedTable(name, partitions, routing);
    }

    /** The triggers of users, on whichever of its tables they are. */
    public List<Trigger> userTriggers(Predicate<Identifier> ours) {
        List<Trigger> triggers = new ArrayList<>(table.triggers());
        childTriggers.stream().filter(Trigger::forEachRow).forEach(triggers::add);
        return triggers.stream().filter(trigger -> !ours.test(trigger.name())).toList();
    }

    /** Where {@code trigger} is, or has to be, when the table has that name. */
    List<QualifiedName> tablesOf(Trigger trigger, QualifiedName name) {
        return routing == Routing.TRIGGER && trigger.forEachRow() ? partitions : List.of(name);
    }

    /** How rows are routed to the children, where triggers do it. */
    Optional<Routing> byTrigger() {
        return Optional.of(routing).filter(Routing.TRIGGER::equals);
    }
}
