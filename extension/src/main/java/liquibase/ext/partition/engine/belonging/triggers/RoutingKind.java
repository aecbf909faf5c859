package liquibase.ext.partition.engine.belonging.triggers;

import java.sql.SQLException;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import liquibase.ext.partition.engine.belonging.kind.BelongingKind;
import liquibase.ext.partition.engine.belonging.kind.PlannedPart;
import liquibase.ext.partition.engine.belonging.kind.SwitchContext;
import liquibase.ext.partition.engine.catalog.Feature;
import liquibase.ext.partition.engine.catalog.Table;
import liquibase.ext.partition.engine.catalog.TableReader;
import liquibase.ext.partition.engine.newtable.ChildrenByTrigger;
import liquibase.ext.partition.engine.partitioning.Routing;
import liquibase.ext.partition.engine.routing.TriggerRouting;
import liquibase.ext.partition.engine.rows.RowMatch;
import liquibase.ext.partition.engine.state.Migration;

/** The triggers that route rows, which a migration puts on the table. */
public final class RoutingKind implements BelongingKind {
    @Override
    public Set<Feature> features() {
        return Set.of();
    }

    @Override
    public List<PlannedPart> parts(SwitchContext context) throws SQLException {
        return List.of(new RoutingTriggers.Planned(context.pair(), routing(context)));
    }

    /** The routing of that table of the two whose rows are routed by triggers. */
    private static Optional<TriggerRouting> routing(SwitchContext context) throws SQLException {
        Migration migration = context.migration();
        if (migration.spec().routing() == Routing.NATIVE) {
            return Optional.empty();
        }
        Table old = context.pair().old().table();
        Table next = context.pair().next().table();
        RowMatch match = RowMatch.of(
                new TableReader(context.session()),
                migration,
                context.isBack() ? next : old,
                context.isBack() ? old : next);
        return Optional.of(ChildrenByTrigger.of(migration.spec(), match.partitionKey()));
    }
}
