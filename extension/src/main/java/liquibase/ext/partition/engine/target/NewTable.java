package liquibase.ext.partition.engine.target;

import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import liquibase.ext.partition.engine.sql.Identifier;
import liquibase.ext.partition.engine.sql.QualifiedName;
import liquibase.ext.partition.engine.sql.Sql;

/**
 * The statements that make the new table: {@code LIKE} the source without its indexes, partitioned by range, with its
 * partitions.
 *
 * @param changes of columns' types that are really changes
 */
public record NewTable(NewTableSpec spec, PartitionKey key, List<ColumnChange> changes) {
    private static final Sql CREATE_TABLE = Sql.of("""
            CREATE TABLE {newTable} (
              LIKE {source} INCLUDING DEFAULTS INCLUDING CONSTRAINTS INCLUDING GENERATED INCLUDING IDENTITY
                INCLUDING STORAGE INCLUDING COMPRESSION INCLUDING STATISTICS INCLUDING COMMENTS{combinedColumn}
            ){partitioning}""");

    private static final Sql PARTITIONING = Sql.of(" PARTITION BY RANGE ({partitionKey})");

    private static final Sql COMBINED_COLUMN = Sql.of("""
            ,
              {column} timestamp GENERATED ALWAYS AS ({expression}) STORED""");

    /** The type of a column of the partition key cannot be changed, so it is changed before there is such a key. */
    private static final Sql CREATE_TEMPLATE = Sql.of("""
            CREATE TABLE {template} (
              LIKE {source} INCLUDING DEFAULTS INCLUDING CONSTRAINTS INCLUDING GENERATED INCLUDING IDENTITY
                INCLUDING STORAGE INCLUDING COMPRESSION INCLUDING STATISTICS INCLUDING COMMENTS
            )""");

    private static final Sql CHANGE_TYPE =
            Sql.of("ALTER TABLE {template} ALTER COLUMN {column} TYPE {type} USING NULL::{type}");

    private static final Sql DROP_TEMPLATE = Sql.of("DROP TABLE {template}");

    private static final Sql GRANT = Sql.of("GRANT EXECUTE ON FUNCTION {function}(pg_catalog.text) TO PUBLIC");

    private static final Sql CREATE_PARTITION = Sql.of("""
            CREATE TABLE {partition} PARTITION OF {newTable}{check}
              FOR VALUES FROM ({from}) TO ({to})""");

    private static final Sql CREATE_DEFAULT_PARTITION = Sql.of("""
            CREATE TABLE {partition} PARTITION OF {newTable} DEFAULT""");

    public NewTable {
        changes = List.copyOf(changes);
    }

    /** What can be planned without a database; empty where the columns' types must be known. */
    public static Optional<NewTable> withoutCatalog(NewTableSpec spec) {
        return PartitionKey.withoutCatalog(spec.partitionKey()).map(key -> new NewTable(spec, key, List.of()));
    }

    public QualifiedName source() {
        return spec.source();
    }

    public QualifiedName newTable() {
        return spec.newTable();
    }

    /** To be run in one transaction; takes ACCESS SHARE on the source for a moment. */
    public List<Sql> statements() {
        List<Sql> statements = new ArrayList<>();
        if (key.readsText()) {
            statements.add(spec.partitionKey().textDateFormat().createFunction(spec.textDateFunction()));
            // Whoever may write the table today or tomorrow needs it, and default privileges may have taken it from
            // PUBLIC.
            statements.add(GRANT.with("function", spec.textDateFunction()));
        }
        if (changes.isEmpty()) {
            statements.add(createTable(source()));
        } else {
            QualifiedName template = source().sibling(DerivedName.of(spec.newTableName(), "_like"));
            statements.add(CREATE_TEMPLATE.with("template", template).with("source", source()));
            for (ColumnChange change : changes) {
                statements.add(CHANGE_TYPE
                        .with("template", template)
                        .with("column", change.column())
                        .with("type", Sql.raw(change.type())));
            }
            statements.add(createTable(template));
            statements.add(DROP_TEMPLATE.with("template", template));
        }
        statements.addAll(
                spec.routing() == Routing.NATIVE
                        ? partitionStatements()
                        : ChildrenByTrigger.of(spec, key, List.of(), List.of(), TriggerRouting.Rights.OWNER)
                                .childStatements(newTable()));
        statements.add(Seclusion.of(newTable(), source()));
        return statements;
    }

    private List<Sql> partitionStatements() {
        List<Sql> statements = new ArrayList<>();
        for (Partition partition : spec.layout().partitions()) {
            statements.add(CREATE_PARTITION
                    .with("partition", source().sibling(partition.name()))
                    .with("newTable", newTable())
                    .with(
                            "check",
                            key.check(partition)
                                    .map(check -> Sql.of(" ({check})").with("check", check))
                                    .orElse(Sql.empty()))
                    .with("from", key.bound(partition.from()))
                    .with("to", key.bound(partition.to())));
        }
        statements.add(CREATE_DEFAULT_PARTITION
                .with("partition", source().sibling(spec.layout().defaultPartition()))
                .with("newTable", newTable()));
        return statements;
    }

    private Sql createTable(QualifiedName like) {
        return CREATE_TABLE
                .with("newTable", newTable())
                .with("source", like)
                .with(
                        "combinedColumn",
                        key.combinedColumn().map(this::combinedColumn).orElse(Sql.empty()))
                .with(
                        "partitioning",
                        spec.routing() == Routing.NATIVE
                                ? PARTITIONING.with("partitionKey", key.definition())
                                : Sql.empty());
    }

    private Sql combinedColumn(Identifier column) {
        return COMBINED_COLUMN.with("column", column).with("expression", key.time(Identifier::asSql));
    }
}
