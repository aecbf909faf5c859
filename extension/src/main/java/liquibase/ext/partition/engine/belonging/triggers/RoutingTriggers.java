package liquibase.ext.partition.engine.belonging.triggers;

import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import liquibase.ext.partition.engine.access.Seclusion;
import liquibase.ext.partition.engine.belonging.grants.SameGrants;
import liquibase.ext.partition.engine.belonging.kind.PlannedPart;
import liquibase.ext.partition.engine.belonging.kind.SwitchPart;
import liquibase.ext.partition.engine.belonging.kind.TablePair;
import liquibase.ext.partition.engine.catalog.Grant;
import liquibase.ext.partition.engine.catalog.Trigger;
import liquibase.ext.partition.engine.routing.TriggerRouting;
import liquibase.ext.partition.engine.sql.QualifiedName;
import liquibase.ext.partition.engine.sql.Sql;

/**
 * The routing by triggers, which leaves and comes with the table that has it.
 *
 * @param routing the routing of that table of the two whose rows are routed by triggers
 * @param userTriggers the table's triggers. If one of them must be on the children, the children are written with the
 *     writer's rights, as the trigger expects, and get the table's grants
 */
public record RoutingTriggers(TablePair pair, Optional<TriggerRouting> routing, List<Trigger> userTriggers)
        implements SwitchPart {
    /** The same before it is known which triggers other parts own. */
    record Planned(TablePair pair, Optional<TriggerRouting> routing) implements PlannedPart {
        @Override
        public boolean owns(Trigger trigger) {
            return routing.filter(it -> it.owns(trigger)).isPresent();
        }

        @Override
        public boolean drops(QualifiedName function) {
            return pair.old().byTrigger().isPresent()
                    && routing.filter(it -> it.isCalledByTriggers(function)).isPresent();
        }

        @Override
        public SwitchPart among(List<PlannedPart> parts) {
            return new RoutingTriggers(pair, routing, UserTriggers.of(pair, parts));
        }
    }

    /** The children that leave are written by the replay, so nobody else may make triggers on them from then on. */
    @Override
    public List<Sql> beforeRenaming() {
        if (pair.old().byTrigger().isEmpty()) {
            return List.of();
        }
        List<Sql> statements = new ArrayList<>(routing.orElseThrow().dropStatements());
        statements.add(Seclusion.ofChildren(pair.liveName()));
        return statements;
    }

    /** Comes last: children that are made later are made like the default one. */
    @Override
    public List<Sql> afterRenaming() {
        if (pair.next().byTrigger().isEmpty()) {
            return List.of();
        }
        TriggerRouting triggers = routing.orElseThrow();
        List<Sql> statements = new ArrayList<>();
        // They may have the grants of an earlier swap, and a right that was revoked since must not come back.
        statements.add(Seclusion.ofChildren(pair.liveName()));
        if (userTriggers.stream()
                .anyMatch(trigger -> TriggerRouting.onChildren(trigger).isPresent())) {
            for (QualifiedName child : pair.next().partitions()) {
                statements.addAll(SameGrants.on(
                        "TABLE",
                        child,
                        pair.old().table().owner(),
                        pair.next().table().grants().stream()
                                .filter(Grant::toOwner)
                                .toList(),
                        pair.old().table().grants()));
            }
        }
        statements.addAll(triggers.attachStatements(
                pair.old().table().owner(),
                pair.next().partitions().stream()
                        .flatMap(child -> triggers.layout().partition(child.name()).stream())
                        .toList()));
        return statements;
    }
}
