package liquibase.ext.partition.engine.belonging.triggers;

import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.stream.Collectors;
import liquibase.ext.partition.engine.catalog.Feature;
import liquibase.ext.partition.engine.catalog.Obstacle;
import liquibase.ext.partition.engine.catalog.Trigger;
import liquibase.ext.partition.engine.catalog.TriggerFunction.Effect;
import liquibase.ext.partition.engine.partitioning.Routing;
import liquibase.ext.partition.engine.routing.TriggerRouting;
import liquibase.ext.partition.engine.sql.Identifier;

/**
 * The behaviour of a user's row triggers on a table with partitions. With native partitioning a row is routed first,
 * and then the triggers of its partition fire. So a BEFORE ROW trigger comes too late to give the row its date, and any
 * change of the date must still fit the partition. If triggers route the rows, the user's own come first
 * ({@link TriggerRouting}). An UPDATE that moves a row is a DELETE here and an INSERT there: AFTER DELETE and AFTER
 * INSERT fire, and AFTER UPDATE if triggers route the rows. That trigger sees the row that is left over until the end
 * of the statement, and those for INSERT and DELETE fire inside the triggers that route.
 */
public final class RowTriggers {
    /** The attribute that declares that a trigger leaves rows in their partition. */
    public static final String ACCEPT = "acceptTriggers";

    private static final char DISABLED = 'D';

    private RowTriggers() {}

    /**
     * The triggers that assign a column of the partition key.
     *
     * @param columns the columns of the partition key
     * @param accepted names of triggers of which somebody has declared that their rows stay in their partition
     */
    public static List<Obstacle> obstacles(
            List<Trigger> triggers, List<Identifier> columns, Routing routing, List<Identifier> accepted) {
        if (routing == Routing.TRIGGER) {
            return List.of();
        }
        return triggers.stream()
                .filter(trigger -> effect(trigger, columns) == Effect.ASSIGNS && !accepted.contains(trigger.name()))
                .map(trigger -> new Obstacle(
                        Feature.TRIGGERS,
                        "BEFORE ROW trigger %s assigns %s (function %s), and rows are routed before it fires: PostgreSQL refuses a row that then no longer fits its partition, and all that come without a date"
                                .formatted(
                                        trigger.name(),
                                        list(columns),
                                        trigger.function().name()),
                        "give the column a DEFAULT, or have the application set it, and take the assignment out of the function (or drop the trigger); where what it assigns is always within the row's own partition, say so: %s: %s"
                                .formatted(ACCEPT, trigger.name().name())))
                .toList();
    }

    /** The changes for those who rely on the trigger, as sentences; empty if there are none. */
    public static Optional<String> consequence(Trigger trigger, List<Identifier> columns, Routing routing) {
        if (!trigger.forEachRow()) {
            return Optional.empty();
        }
        List<String> sentences = new ArrayList<>();
        String part = routing == Routing.TRIGGER ? "child" : "partition";
        boolean onChildren =
                routing == Routing.NATIVE || TriggerRouting.onChildren(trigger).isPresent();
        if (onChildren && !trigger.function().variablesOfItsTable().isEmpty()) {
            sentences.add("%s in its function %s are those of the %s that the row is in."
                    .formatted(
                            String.join(", ", trigger.function().variablesOfItsTable()),
                            trigger.function().name(),
                            part));
        }
        boolean routed = routing == Routing.TRIGGER;
        boolean asDelete = trigger.onDelete();
        boolean asInsert = trigger.onInsert() && !(routed ? trigger.before() : trigger.before() && trigger.onUpdate());
        boolean noUpdate = trigger.onUpdate() && !trigger.before() && !routed;
        if (asDelete || asInsert || noUpdate) {
            List<String> fires = new ArrayList<>();
            if (asDelete) {
                fires.add("as for a DELETE");
            }
            if (asInsert) {
                fires.add("as for an INSERT");
            }
            sentences.add("An UPDATE that moves a row to another %s %s%s%s."
                    .formatted(
                            part,
                            fires.isEmpty() ? "" : "fires it " + String.join(" and ", fires),
                            !fires.isEmpty() && noUpdate ? ", and " : "",
                            noUpdate ? "does not fire it as for an UPDATE" : ""));
        }
        if (routed && trigger.onUpdate() && !trigger.before()) {
            sentences.add(
                    "Of a row that an UPDATE moves to another child, NEW has the old %s.".formatted(list(columns)));
        }
        if (routed && asksForItsDepth(trigger) && (asInsert || asDelete)) {
            sentences.add(
                    "It asks for pg_trigger_depth(), which is one more where a row is put into its child or taken out of it.");
        }
        if (routed && trigger.beforeRowIsInserted()) {
            sentences.add("It is on the table itself: an INSERT that names a child does not fire it.");
        }
        if (!routed && effect(trigger, columns) == Effect.CANNOT_BE_TOLD) {
            sentences.add(
                    "Whether its function %s (language %s) changes %s cannot be told: it must not move the row to another %s."
                            .formatted(
                                    trigger.function().name(),
                                    trigger.function().language(),
                                    list(columns),
                                    part));
        }
        return sentences.isEmpty() ? Optional.empty() : Optional.of(String.join(" ", sentences));
    }

    private static boolean asksForItsDepth(Trigger trigger) {
        return trigger.afterTable().contains("pg_trigger_depth")
                || trigger.function().source().contains("pg_trigger_depth");
    }

    private static Effect effect(Trigger trigger, List<Identifier> columns) {
        return trigger.forEachRow()
                        && trigger.before()
                        && (trigger.onInsert() || trigger.onUpdate())
                        && trigger.enabled() != DISABLED
                ? trigger.function().on(columns)
                : Effect.NONE;
    }

    private static String list(List<Identifier> columns) {
        return columns.stream().map(Identifier::name).collect(Collectors.joining(", "));
    }
}
