package liquibase.ext.partition.engine.newtable;

import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import liquibase.ext.partition.engine.access.Seclusion;
import liquibase.ext.partition.engine.catalog.properties.Check;
import liquibase.ext.partition.engine.catalog.properties.ColumnProperties;
import liquibase.ext.partition.engine.catalog.properties.ExtendedStatistics;
import liquibase.ext.partition.engine.catalog.properties.ReplicaIdentity;
import liquibase.ext.partition.engine.catalog.properties.StorageParameter;
import liquibase.ext.partition.engine.catalog.properties.TableProperties;
import liquibase.ext.partition.engine.name.CarriedName;
import liquibase.ext.partition.engine.name.DerivedName;
import liquibase.ext.partition.engine.partitioning.Partition;
import liquibase.ext.partition.engine.partitioning.PartitionKey;
import liquibase.ext.partition.engine.partitioning.Routing;
import liquibase.ext.partition.engine.sql.Identifier;
import liquibase.ext.partition.engine.sql.QualifiedName;
import liquibase.ext.partition.engine.sql.Sql;

/**
 * The statements that make the new table: {@code LIKE} the source without its indexes, partitioned by range, with its
 * partitions.
 *
 * <p>A CHECK constraint that the source's older rows may violate is not included: it could not be NOT VALID on a table
 * that is filled afterwards. The swap adds it.
 *
 * @param changes the requested changes of columns' types that really change a type
 * @param properties the properties of the source; for a changed column, only with a collation that the new type can
 *     have
 * @param ofPartition whether the source is a partition, and the new table only holds the partitions that will take its
 *     place. Then each has a CHECK of its bound, and takes its ids from the parent; and the combined column is there
 *     already
 */
public record NewTable(
        NewTableSpec spec,
        PartitionKey key,
        List<ColumnChange> changes,
        TableProperties properties,
        boolean ofPartition) {
    private static final Sql CREATE_TABLE = Sql.of("""
            CREATE TABLE {newTable} (
              LIKE {source} INCLUDING DEFAULTS{constraints} INCLUDING GENERATED{identity}
                INCLUDING STORAGE INCLUDING COMPRESSION INCLUDING COMMENTS{checks}{combinedColumn}
            ){partitioning}{tablespace}""");

    private static final Sql INCLUDING_IDENTITY = Sql.of(" INCLUDING IDENTITY");
    private static final Sql DROP_CHECK = Sql.of("ALTER TABLE {table} DROP CONSTRAINT IF EXISTS {name}");

    private static final Sql PARTITIONING = Sql.of(" PARTITION BY RANGE ({partitionKey})");

    private static final Sql COMBINED_COLUMN = Sql.of("""
            ,
              {column} timestamp GENERATED ALWAYS AS ({expression}) STORED""");

    /**
     * The type of a column of the partition key cannot be changed, so it is changed before the table is partitioned.
     */
    private static final Sql CREATE_TEMPLATE = Sql.of("""
            CREATE TABLE {template} (
              LIKE {source} INCLUDING DEFAULTS{constraints} INCLUDING GENERATED INCLUDING IDENTITY
                INCLUDING STORAGE INCLUDING COMPRESSION INCLUDING COMMENTS
            )""");

    private static final Sql CHANGE_TYPE =
            Sql.of("ALTER TABLE {template} ALTER COLUMN {column} TYPE {type}{collation} USING NULL::{type}");

    private static final Sql DROP_TEMPLATE = Sql.of("DROP TABLE {template}");

    private static final Sql GRANT = Sql.of("GRANT EXECUTE ON FUNCTION {function}(pg_catalog.text) TO PUBLIC");

    private static final Sql CREATE_PARTITION = Sql.of("""
            CREATE TABLE {partition} PARTITION OF {newTable}{check}
              FOR VALUES FROM ({from}) TO ({to}){parameters}""");

    private static final Sql CREATE_DEFAULT_PARTITION = Sql.of("""
            CREATE TABLE {partition} PARTITION OF {newTable} DEFAULT{parameters}""");

    private static final Sql INCLUDING_CONSTRAINTS = Sql.of(" INCLUDING CONSTRAINTS");
    private static final Sql CHECK = Sql.of("""
            ,
              {check}""");
    private static final Sql COLLATE = Sql.of(" COLLATE {collation}");
    private static final Sql TABLESPACE = Sql.of(" TABLESPACE {tablespace}");
    private static final Sql WITH = Sql.of(" WITH {parameters}");
    private static final Sql SET_PARAMETERS = Sql.of("ALTER TABLE {table} SET {parameters}");
    private static final Sql SET_TABLESPACE = Sql.of("ALTER TABLE {table} SET TABLESPACE {tablespace}");
    private static final Sql CHANGE_OWNER_OF_STATISTICS = Sql.of("ALTER STATISTICS {name} OWNER TO {owner}");

    public NewTable {
        changes = List.copyOf(changes);
    }

    /** The new table of a table that is no partition. */
    public NewTable(NewTableSpec spec, PartitionKey key, List<ColumnChange> changes, TableProperties properties) {
        this(spec, key, changes, properties, false);
    }

    /** A plan without a database; empty if the columns' types must be known. */
    public static Optional<NewTable> withoutCatalog(NewTableSpec spec) {
        return PartitionKey.withoutCatalog(spec.partitionKey())
                .map(key -> new NewTable(spec, key, List.of(), TableProperties.NONE));
    }

    public QualifiedName source() {
        return spec.source();
    }

    public QualifiedName newTable() {
        return spec.newTable();
    }

    /** The statements, to be run in one transaction, which takes ACCESS SHARE on the source for a moment. */
    public List<Sql> statements() {
        List<Sql> statements = new ArrayList<>();
        if (key.readsText()) {
            statements.add(spec.partitionKey().textDateFormat().createFunction(spec.textDateFunction()));
            // Everybody who may write the table, today or tomorrow, needs this right, and default privileges may have
            // revoked it from PUBLIC.
            statements.add(GRANT.with("function", spec.textDateFunction()));
        }
        if (changes.isEmpty()) {
            statements.add(createTable(source()));
        } else {
            QualifiedName template = source().sibling(DerivedName.of(spec.newTableName(), "_like"));
            statements.add(createTemplate(template));
            statements.addAll(changeTypes(template));
            statements.add(createTable(template));
            statements.add(DROP_TEMPLATE.with("template", template));
        }
        if (ofPartition) {
            // A partition that is no default one has a check of that name for its own range.
            key.combinedColumn()
                    .ifPresent(column -> statements.add(
                            DROP_CHECK.with("table", newTable()).with("name", PartitionKey.nameOfCheck(column))));
        }
        statements.addAll(spec.routing() == Routing.NATIVE ? partitionStatements() : childStatements());
        for (Check check : listedChecks()) {
            check.commentOn(newTable()).ifPresent(statements::add);
        }
        for (ColumnProperties column : properties.columns()) {
            statements.addAll(ColumnStatistics.statements(column, newTable(), partitions()));
        }
        for (ExtendedStatistics statistics : properties.statistics()) {
            statements.addAll(StatisticsObjects.create(statistics, statisticsName(statistics), newTable()));
            statements.addAll(StatisticsObjects.createOnPartitions(statistics, partitions()));
        }
        if (properties.replicaIdentity() != ReplicaIdentity.DEFAULT) {
            statements.addAll(ReplicaIdentities.withoutIndex(properties.replicaIdentity(), spec.tables()));
        }
        statements.add(Seclusion.of(newTable(), source()));
        return statements;
    }

    /** Makes a table with the source's columns; {@link #changeTypes} changes their types. */
    public Sql createTemplate(QualifiedName template) {
        return CREATE_TEMPLATE
                .with("template", template)
                .with("source", source())
                .with("constraints", includingConstraints());
    }

    /** One statement for each of {@link #changes}, in their order. */
    public List<Sql> changeTypes(QualifiedName template) {
        return changes.stream()
                .map(change -> CHANGE_TYPE
                        .with("template", template)
                        .with("column", change.column())
                        .with("type", Sql.raw(change.type()))
                        .with("collation", collation(change.column())))
                .toList();
    }

    /** Statements that give what is made, except for tables, to the owners of its counterparts on the source. */
    public List<Sql> ownerStatements(Identifier user) {
        List<Sql> statements = new ArrayList<>();
        for (ExtendedStatistics statistics : properties.statistics()) {
            if (!statistics.owner().equals(user)) {
                List<QualifiedName> names = new ArrayList<>(List.of(statisticsName(statistics)));
                partitions().forEach(partition -> names.add(StatisticsObjects.nameOnPartition(statistics, partition)));
                names.forEach(name -> statements.add(
                        CHANGE_OWNER_OF_STATISTICS.with("name", name).with("owner", statistics.owner())));
            }
        }
        return statements;
    }

    private List<QualifiedName> partitions() {
        return spec.partitions();
    }

    private static QualifiedName statisticsName(ExtendedStatistics statistics) {
        return CarriedName.newIndex(statistics.name(), statistics.name().name());
    }

    private List<Sql> childStatements() {
        List<Sql> statements = new ArrayList<>(ChildrenByTrigger.of(spec, key).childStatements(newTable()));
        for (QualifiedName child : partitions()) {
            if (!properties.parameters().isEmpty()) {
                statements.add(SET_PARAMETERS
                        .with("table", child)
                        .with("parameters", StorageParameter.list(properties.parameters())));
            }
            properties
                    .tablespace()
                    .ifPresent(it ->
                            statements.add(SET_TABLESPACE.with("table", child).with("tablespace", it)));
        }
        return statements;
    }

    /** The checks that are written out because {@code LIKE} cannot copy all of them; otherwise empty. */
    private List<Check> listedChecks() {
        return likeCopiesChecks()
                ? List.of()
                : properties.checks().stream()
                        .filter(check -> !check.isNotValid())
                        .toList();
    }

    /**
     * Whether {@code LIKE} can copy the checks. It would make them hold for every row, and it fails if one of them is
     * not inherited.
     */
    private boolean likeCopiesChecks() {
        return properties.checks().stream().allMatch(check -> check.inherited() && !check.isNotValid());
    }

    private Sql includingConstraints() {
        return likeCopiesChecks() ? INCLUDING_CONSTRAINTS : Sql.empty();
    }

    private Sql collation(Identifier column) {
        return properties
                .column(column)
                .flatMap(ColumnProperties::collation)
                .map(it -> COLLATE.with("collation", it))
                .orElse(Sql.empty());
    }

    private Sql parameters() {
        return properties.parameters().isEmpty()
                ? Sql.empty()
                : WITH.with("parameters", StorageParameter.list(properties.parameters()));
    }

    private List<Sql> partitionStatements() {
        List<Sql> statements = new ArrayList<>();
        for (Partition partition : spec.layout().partitions()) {
            statements.add(CREATE_PARTITION
                    .with("partition", spec.partition(partition.name()))
                    .with("newTable", newTable())
                    .with(
                            "check",
                            checks(partition).isEmpty()
                                    ? Sql.empty()
                                    : Sql.of(" ({checks})").with("checks", Sql.list(checks(partition))))
                    .with("from", key.bound(partition.from()))
                    .with("to", key.bound(partition.to()))
                    .with("parameters", parameters()));
        }
        statements.add(CREATE_DEFAULT_PARTITION
                .with("partition", spec.defaultPartition())
                .with("newTable", newTable())
                .with("parameters", parameters()));
        return statements;
    }

    private List<Sql> checks(Partition partition) {
        List<Sql> checks = new ArrayList<>(key.check(partition).stream().toList());
        if (ofPartition) {
            checks.add(key.boundCheck(partition));
        }
        return checks;
    }

    private Sql createTable(QualifiedName like) {
        return CREATE_TABLE
                .with("newTable", newTable())
                .with("source", like)
                .with("constraints", includingConstraints())
                .with("identity", ofPartition ? Sql.empty() : INCLUDING_IDENTITY)
                .with(
                        "checks",
                        Sql.join(
                                "",
                                listedChecks().stream()
                                        .map(check -> CHECK.with("check", check.inTable()))
                                        .toList()))
                .with(
                        "combinedColumn",
                        key.combinedColumn()
                                .filter(column -> !ofPartition)
                                .map(this::combinedColumn)
                                .orElse(Sql.empty()))
                .with(
                        "partitioning",
                        spec.routing() == Routing.NATIVE
                                ? PARTITIONING.with("partitionKey", key.definition())
                                : Sql.empty())
                .with(
                        "tablespace",
                        properties
                                .tablespace()
                                .map(it -> TABLESPACE.with("tablespace", it))
                                .orElse(Sql.empty()));
    }

    private Sql combinedColumn(Identifier column) {
        return COMBINED_COLUMN.with("column", column).with("expression", key.time(Identifier::asSql));
    }
}
