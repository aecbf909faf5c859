package liquibase.ext.partition.engine.swap;

import java.sql.SQLException;
import java.util.Optional;
import liquibase.ext.partition.engine.catalog.Table;
import liquibase.ext.partition.engine.catalog.TableReader;
import liquibase.ext.partition.engine.newtable.ChildrenByTrigger;
import liquibase.ext.partition.engine.partitioning.Routing;
import liquibase.ext.partition.engine.routing.TriggerRouting;
import liquibase.ext.partition.engine.rows.RowMatch;
import liquibase.ext.partition.engine.state.Migration;

/** The routing by triggers of a migration that asked for it. */
final class TriggerRoutings {
    private TriggerRoutings() {}

    static Optional<TriggerRouting> of(TableReader reader, Migration migration, Table ordinary, Table routed)
            throws SQLException {
        if (migration.spec().routing() == Routing.NATIVE) {
            return Optional.empty();
        }
        RowMatch match = RowMatch.of(reader, migration, ordinary, routed);
        return Optional.of(ChildrenByTrigger.of(migration.spec(), match.partitionKey()));
    }
}
