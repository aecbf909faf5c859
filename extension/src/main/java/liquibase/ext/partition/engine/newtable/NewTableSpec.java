package liquibase.ext.partition.engine.newtable;

import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import liquibase.ext.partition.engine.name.DerivedName;
import liquibase.ext.partition.engine.partitioning.PartitionKeySpec;
import liquibase.ext.partition.engine.partitioning.PartitionLayout;
import liquibase.ext.partition.engine.partitioning.Routes;
import liquibase.ext.partition.engine.partitioning.Routing;
import liquibase.ext.partition.engine.sql.Identifier;
import liquibase.ext.partition.engine.sql.QualifiedName;

/**
 * The new table as people request it.
 *
 * @param columns the requested types of columns; a column that already has its type is not changed
 */
public record NewTableSpec(
        QualifiedName source,
        Identifier newTableName,
        PartitionKeySpec partitionKey,
        PartitionLayout layout,
        Routing routing,
        IncomingForeignKeys incomingForeignKeys,
        List<ColumnChange> columns,
        List<Identifier> acceptedTriggers) {
    private static final String TEXT_DATE = "_text_date";

    public NewTableSpec {
        columns = List.copyOf(columns);
        acceptedTriggers = List.copyOf(acceptedTriggers);
    }

    /** A spec in which no trigger is accepted. */
    public NewTableSpec(
            QualifiedName source,
            Identifier newTableName,
            PartitionKeySpec partitionKey,
            PartitionLayout layout,
            Routing routing,
            IncomingForeignKeys incomingForeignKeys,
            List<ColumnChange> columns) {
        this(source, newTableName, partitionKey, layout, routing, incomingForeignKeys, columns, List.of());
    }

    /** The same spec, in which these triggers are accepted. */
    public NewTableSpec accepting(List<Identifier> triggers) {
        return new NewTableSpec(
                source, newTableName, partitionKey, layout, routing, incomingForeignKeys, columns, triggers);
    }

    public QualifiedName newTable() {
        return source.sibling(newTableName);
    }

    /** All tables that are made: the new table, its partitions in order, and the default partition. */
    public List<QualifiedName> tables() {
        List<QualifiedName> tables = new ArrayList<>(List.of(newTable()));
        layout.partitions().forEach(partition -> tables.add(source.sibling(partition.name())));
        tables.add(source.sibling(layout.defaultPartition()));
        return tables;
    }

    /** @param table the new table under its present name */
    public Routes routes(QualifiedName table) {
        return new Routes(routing, table, layout);
    }

    /** The function that reads dates in text; it stays with the table. */
    public QualifiedName textDateFunction() {
        return source.sibling(DerivedName.of(source.name(), TEXT_DATE));
    }

    /** The columns in which source and new table differ: those that are converted, and the combined column. */
    public Set<Identifier> differingColumns() {
        Set<Identifier> names = new HashSet<>();
        columns.forEach(change -> names.add(change.column()));
        partitionKey.combinedColumn().ifPresent(names::add);
        return names;
    }

    /** The same spec with these columns. */
    public NewTableSpec withColumns(List<ColumnChange> others) {
        return new NewTableSpec(
                source, newTableName, partitionKey, layout, routing, incomingForeignKeys, others, acceptedTriggers);
    }
}
