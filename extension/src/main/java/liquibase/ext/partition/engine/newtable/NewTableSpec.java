package liquibase.ext.partition.engine.newtable;

import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Optional;
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
 * @param partitionSchema the schema of the partitions; the source's own where it is empty
 */
public record NewTableSpec(
        QualifiedName source,
        Identifier newTableName,
        PartitionKeySpec partitionKey,
        PartitionLayout layout,
        Routing routing,
        IncomingForeignKeys incomingForeignKeys,
        List<ColumnChange> columns,
        List<Identifier> acceptedTriggers,
        Optional<Identifier> partitionSchema) {
    private static final String TEXT_DATE = "_text_date";

    /** Why children of a table that triggers route are in the table's schema. */
    public static final String PARTITION_SCHEMA_OF_CHILDREN =
            "partitionSchema cannot be given with routing trigger: the functions that route rows find each child by its name in the table's own schema, also when the table is moved to another. Leave it out, or route natively.";

    public NewTableSpec {
        columns = List.copyOf(columns);
        acceptedTriggers = List.copyOf(acceptedTriggers);
        if (partitionSchema.isPresent() && routing == Routing.TRIGGER) {
            throw new IllegalArgumentException(PARTITION_SCHEMA_OF_CHILDREN);
        }
    }

    /** A spec in which no trigger is accepted, and the partitions are in the source's schema. */
    public NewTableSpec(
            QualifiedName source,
            Identifier newTableName,
            PartitionKeySpec partitionKey,
            PartitionLayout layout,
            Routing routing,
            IncomingForeignKeys incomingForeignKeys,
            List<ColumnChange> columns) {
        this(
                source,
                newTableName,
                partitionKey,
                layout,
                routing,
                incomingForeignKeys,
                columns,
                List.of(),
                Optional.empty());
    }

    /** The same spec, in which these triggers are accepted. */
    public NewTableSpec accepting(List<Identifier> triggers) {
        return new NewTableSpec(
                source,
                newTableName,
                partitionKey,
                layout,
                routing,
                incomingForeignKeys,
                columns,
                triggers,
                partitionSchema);
    }

    /** The same spec, with the partitions in that schema. */
    public NewTableSpec withPartitionsIn(Identifier schema) {
        return new NewTableSpec(
                source,
                newTableName,
                partitionKey,
                layout,
                routing,
                incomingForeignKeys,
                columns,
                acceptedTriggers,
                Optional.of(schema));
    }

    public QualifiedName newTable() {
        return source.sibling(newTableName);
    }

    /** All tables that are made: the new table, its partitions in order, and the default partition. */
    public List<QualifiedName> tables() {
        List<QualifiedName> tables = new ArrayList<>(List.of(newTable()));
        tables.addAll(partitions());
        return tables;
    }

    /** The partitions, or children, in order, and the default one. */
    public List<QualifiedName> partitions() {
        List<QualifiedName> partitions = new ArrayList<>();
        layout.partitions().forEach(partition -> partitions.add(partition(partition.name())));
        partitions.add(defaultPartition());
        return partitions;
    }

    /** The partition, or child, of that name. */
    public QualifiedName partition(Identifier name) {
        return new QualifiedName(partitionSchema.orElse(source.schema()), name);
    }

    public QualifiedName defaultPartition() {
        return partition(layout.defaultPartition());
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
                source,
                newTableName,
                partitionKey,
                layout,
                routing,
                incomingForeignKeys,
                others,
                acceptedTriggers,
                partitionSchema);
    }
}
