package liquibase.ext.partition.engine.belonging.triggers;

import java.sql.SQLException;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import liquibase.ext.partition.engine.belonging.kind.AnnouncedChange;
import liquibase.ext.partition.engine.belonging.kind.BelongingKind;
import liquibase.ext.partition.engine.belonging.kind.Consequences;
import liquibase.ext.partition.engine.belonging.kind.Intent;
import liquibase.ext.partition.engine.belonging.kind.PlannedPart;
import liquibase.ext.partition.engine.belonging.kind.Refusal;
import liquibase.ext.partition.engine.belonging.kind.SwitchContext;
import liquibase.ext.partition.engine.belonging.kind.TablePair;
import liquibase.ext.partition.engine.catalog.Feature;
import liquibase.ext.partition.engine.catalog.Obstacle;
import liquibase.ext.partition.engine.catalog.Table;
import liquibase.ext.partition.engine.catalog.Trigger;
import liquibase.ext.partition.engine.delta.Strangers;
import liquibase.ext.partition.engine.newtable.NewTable;
import liquibase.ext.partition.engine.newtable.NewTableSpec;
import liquibase.ext.partition.engine.partitioning.Routing;
import liquibase.ext.partition.engine.routing.TriggerRouting;
import liquibase.ext.partition.engine.sql.Session;
import liquibase.ext.partition.engine.sql.Sql;

/** Triggers of users. */
public final class TriggerKind implements BelongingKind {
    private static final Sql WITH_TRANSITION_TABLE = Sql.of("""
            SELECT 'TRIGGERS' AS feature,
                   pg_catalog.format('trigger %I needs a transition table, which a row trigger of a partitioned table cannot have', t.tgname) AS what,
                   'make it a statement trigger, which can have one: in one transaction, or what is written meanwhile passes it by' AS remedy
            FROM pg_catalog.pg_trigger AS t
            WHERE t.tgrelid = {oid} AND t.tgtype & 1 = 1 AND (t.tgoldtable IS NOT NULL OR t.tgnewtable IS NOT NULL)
            """);

    @Override
    public Set<Feature> features() {
        return Set.of(Feature.TRIGGERS);
    }

    /** Row triggers with a transition table. */
    @Override
    public List<Obstacle> standing(Session session, Table table) throws SQLException {
        return session.query(WITH_TRANSITION_TABLE.with("oid", table.oid()), Obstacle::read);
    }

    @Override
    public List<Obstacle> obstaclesAhead(Intent intent) {
        return intent.spec().routing() == Routing.TRIGGER
                ? intent.source().triggers().stream()
                        .flatMap(trigger -> TriggerRouting.obstacle(trigger).stream())
                        .map(sentence -> Obstacle.of(Feature.TRIGGERS, sentence))
                        .toList()
                : List.of();
    }

    @Override
    public List<Obstacle> obstacles(Intent intent) {
        NewTableSpec spec = intent.spec();
        return RowTriggers.obstacles(
                intent.source().triggers(), spec.partitionKey().columns(), spec.routing(), spec.acceptedTriggers());
    }

    @Override
    public Refusal refusal() {
        return Refusal.UNSETTLED;
    }

    @Override
    public List<AnnouncedChange> changes(Table source, NewTable plan) {
        Routing routing = plan.spec().routing();
        boolean routed = routing == Routing.TRIGGER;
        List<AnnouncedChange> changes = new ArrayList<>();
        for (Trigger trigger : source.triggers()) {
            List<String> consequences = new ArrayList<>();
            boolean onChildren = routed && TriggerRouting.onChildren(trigger).isPresent();
            if (onChildren) {
                consequences.add(
                        "It fires on the children, with the rights of whoever writes: grant on them what is granted on the table later.");
            }
            RowTriggers.consequence(trigger, plan.key().columns(), routing).ifPresent(consequences::add);
            if (!consequences.isEmpty()) {
                changes.add(new AnnouncedChange(
                        Feature.TRIGGERS,
                        trigger.name().name(),
                        "on the table",
                        !routed
                                ? "on each partition"
                                : !onChildren
                                        ? "on the table"
                                        : TriggerRouting.belongsOnParent(trigger)
                                                ? "on the table for INSERT, on each child for the rest"
                                                : "on each child",
                        String.join(" ", consequences)));
            }
        }
        return changes;
    }

    @Override
    public List<PlannedPart> parts(SwitchContext context) throws SQLException {
        TablePair pair = context.pair();
        PlannedPart triggers = new UserTriggers.Planned(
                pair, new Strangers(context.capture(), pair.old().name()).triggers(context.session()));
        return context.isBack()
                ? List.of(triggers)
                : List.of(triggers, parts -> firingOtherwise(context, UserTriggers.of(pair, parts)));
    }

    private static Consequences firingOtherwise(SwitchContext context, List<Trigger> triggers) {
        List<String> lines = new ArrayList<>();
        for (Trigger trigger : triggers) {
            RowTriggers.consequence(
                            trigger,
                            context.migration().partitionColumns(),
                            context.migration().spec().routing())
                    .ifPresent(consequence -> lines.add(
                            "%s: trigger %s: %s".formatted(context.run().step(), trigger.name(), consequence)));
        }
        return new Consequences(lines);
    }
}
