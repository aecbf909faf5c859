package liquibase.ext.partition.engine.target;

import java.util.List;
import liquibase.ext.partition.engine.catalog.KeyColumn;
import liquibase.ext.partition.engine.sql.Identifier;
import liquibase.ext.partition.engine.sql.Sql;
import liquibase.ext.partition.engine.time.DateTime;

/** Makes the routing by triggers out of a migration's partition key. */
public final class ChildrenByTrigger {
    private static final Sql CHECK = Sql.of("{value} >= {from} AND {value} < {to}");
    private static final Sql CHECK_TIME = Sql.of("{value} >= {from}::timestamp AND {value} < {to}::timestamp");

    private ChildrenByTrigger() {}

    /**
     * @param columns that are written; may be empty where only the children are made
     * @param key likewise
     */
    public static TriggerRouting of(
            NewTableSpec spec,
            PartitionKey partitionKey,
            List<Identifier> columns,
            List<KeyColumn> key,
            TriggerRouting.Rights rights) {
        RoutedTable table = new RoutedTable(
                spec.source(),
                columns,
                key,
                partitionKey.columns(),
                alias -> partitionKey.time(column -> Sql.list(alias, List.of(column))),
                (from, to) -> check(partitionKey).with("from", from).with("to", to));
        return new TriggerRouting(table, spec.layout(), rights);
    }

    /** In a form by which a query that names the date leaves the child out. */
    private static Sql check(PartitionKey key) {
        if (key.combinedColumn().isPresent()) {
            return CHECK_TIME.with("value", key.combinedColumn().get());
        }
        boolean isDate = key.isColumn() && key.sources().get(0).encoding() instanceof DateTime;
        return isDate
                ? CHECK.with("value", key.columns().get(0))
                : CHECK_TIME.with("value", key.time(Identifier::asSql));
    }
}
