package liquibase.ext.partition.engine.newtable;

import java.util.ArrayList;
import java.util.List;
import java.util.function.Function;
import liquibase.ext.partition.engine.partitioning.PartitionKey;
import liquibase.ext.partition.engine.routing.TriggerRouting;
import liquibase.ext.partition.engine.routing.row.RoutedTable;
import liquibase.ext.partition.engine.sql.Identifier;
import liquibase.ext.partition.engine.sql.Sql;
import liquibase.ext.partition.engine.time.DateTime;

/** Makes the routing by triggers from a migration's partition key. */
public final class ChildrenByTrigger {
    private static final Sql CHECK = Sql.of("{value} >= {from} AND {value} < {to}");
    private static final Sql CHECK_TIME = Sql.of("{value} >= {from}::timestamp AND {value} < {to}::timestamp");

    private ChildrenByTrigger() {}

    public static TriggerRouting of(NewTableSpec spec, PartitionKey partitionKey) {
        RoutedTable table = new RoutedTable(
                spec.source(),
                columns(partitionKey),
                partitionKey::time,
                (columns, from, to) ->
                        check(partitionKey, columns).with("from", from).with("to", to));
        return new TriggerRouting(table, spec.layout());
    }

    private static List<Identifier> columns(PartitionKey key) {
        List<Identifier> columns = new ArrayList<>(key.columns());
        key.combinedColumn().ifPresent(columns::add);
        return columns;
    }

    /** The CHECK in a form by which the planner leaves the child out of a query that names the date. */
    private static Sql check(PartitionKey key, Function<Identifier, Sql> columns) {
        if (key.combinedColumn().isPresent()) {
            return CHECK_TIME.with("value", columns.apply(key.combinedColumn().get()));
        }
        boolean isDate = key.isColumn() && key.sources().get(0).encoding() instanceof DateTime;
        return isDate
                ? CHECK.with("value", columns.apply(key.columns().get(0)))
                : CHECK_TIME.with("value", key.time(columns));
    }
}
