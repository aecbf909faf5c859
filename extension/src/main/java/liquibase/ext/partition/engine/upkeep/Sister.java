package liquibase.ext.partition.engine.upkeep;

import java.sql.SQLException;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import liquibase.ext.partition.engine.access.Seclusion;
import liquibase.ext.partition.engine.belonging.grants.SameGrants;
import liquibase.ext.partition.engine.belonging.publications.Publication;
import liquibase.ext.partition.engine.belonging.publications.PublicationReader;
import liquibase.ext.partition.engine.belonging.publications.Publications;
import liquibase.ext.partition.engine.belonging.rowsecurity.Policies;
import liquibase.ext.partition.engine.belonging.rowsecurity.RowSecurity;
import liquibase.ext.partition.engine.belonging.rowsecurity.RowSecurityReader;
import liquibase.ext.partition.engine.catalog.Grant;
import liquibase.ext.partition.engine.catalog.Index;
import liquibase.ext.partition.engine.catalog.Table;
import liquibase.ext.partition.engine.catalog.TableReader;
import liquibase.ext.partition.engine.catalog.properties.ColumnProperties;
import liquibase.ext.partition.engine.catalog.properties.ExtendedStatistics;
import liquibase.ext.partition.engine.catalog.properties.IndexProperties;
import liquibase.ext.partition.engine.catalog.properties.ReplicaIdentity;
import liquibase.ext.partition.engine.catalog.properties.StorageParameter;
import liquibase.ext.partition.engine.catalog.properties.TableProperties;
import liquibase.ext.partition.engine.catalog.properties.TablePropertiesReader;
import liquibase.ext.partition.engine.name.CarriedName;
import liquibase.ext.partition.engine.newtable.ColumnStatistics;
import liquibase.ext.partition.engine.newtable.PartitionedIndex;
import liquibase.ext.partition.engine.newtable.ReplicaIdentities;
import liquibase.ext.partition.engine.newtable.StatisticsObjects;
import liquibase.ext.partition.engine.partitioning.Partition;
import liquibase.ext.partition.engine.partitioning.PartitionKey;
import liquibase.ext.partition.engine.partitioning.Routing;
import liquibase.ext.partition.engine.partitioning.Uniqueness;
import liquibase.ext.partition.engine.sql.Identifier;
import liquibase.ext.partition.engine.sql.QualifiedName;
import liquibase.ext.partition.engine.sql.Session;
import liquibase.ext.partition.engine.sql.Sql;

/**
 * A partition by whose example further ones are made, in everything but the range: the default partition, or if there
 * is none, another one.
 *
 * <p>Foreign keys and row triggers are left out: the server clones those of the table when a partition is attached.
 *
 * @param model the partition
 * @param names names of indexes from which those of its own may be derived
 */
public record Sister(
        Table model,
        TableProperties properties,
        Storage storage,
        RowSecurity rowSecurity,
        List<Publication> publications,
        PartitionKey key,
        List<Identifier> names) {

    /** How the server stores its rows. */
    record Storage(Identifier accessMethod, boolean unlogged) {}

    private static final Sql STORAGE = Sql.of("""
            SELECT m.amname, c.relpersistence = 'u' AS unlogged
            FROM pg_catalog.pg_class AS c JOIN pg_catalog.pg_am AS m ON m.oid = c.relam
            WHERE c.oid = {oid}""");

    private static final Sql SET_TABLESPACE = Sql.of("SET LOCAL default_tablespace = {name}");
    private static final Sql SET_ACCESS_METHOD = Sql.of("SET LOCAL default_table_access_method = {name}");

    private static final Sql CREATE = Sql.of("""
            CREATE {unlogged}TABLE {partition} (
              LIKE {model} INCLUDING DEFAULTS INCLUDING CONSTRAINTS INCLUDING GENERATED
                INCLUDING STORAGE INCLUDING COMPRESSION INCLUDING COMMENTS
            )""");

    private static final Sql RENAME_INDEX = Sql.of("ALTER INDEX {index} RENAME TO {name}");
    private static final Sql RENAME_STATISTICS = Sql.of("ALTER STATISTICS {statistics} RENAME TO {name}");

    private static final Sql UNLOGGED = Sql.raw("UNLOGGED ");
    private static final Sql DROP_CHECK = Sql.of("ALTER TABLE {table} DROP CONSTRAINT IF EXISTS {name}");
    private static final Sql ADD_CHECK = Sql.of("ALTER TABLE {table} ADD {check}");
    private static final Sql SET_PARAMETERS = Sql.of("ALTER TABLE {table} SET {parameters}");
    private static final Sql FORCE_ROW_SECURITY = Sql.of("ALTER TABLE {table} FORCE ROW LEVEL SECURITY");
    private static final Sql CHANGE_OWNER = Sql.of("ALTER TABLE {table} OWNER TO {owner}");
    private static final Sql CHANGE_OWNER_OF_STATISTICS = Sql.of("ALTER STATISTICS {name} OWNER TO {owner}");

    /**
     * Reads the partition of that name.
     *
     * @param relatives tables whose indexes may have given its indexes their names
     */
    public static Sister read(Session session, QualifiedName name, PartitionKey key, List<Table> relatives)
            throws SQLException {
        Table model = new TableReader(session).require(name);
        return new Sister(
                model,
                new TablePropertiesReader(session).read(model),
                session.queryFirst(
                                STORAGE.with("oid", model.oid()),
                                row -> new Storage(new Identifier(row.getString("amname")), row.getBoolean("unlogged")))
                        .orElseThrow(),
                new RowSecurityReader(session).read(model.oid()),
                new PublicationReader(session)
                        .read(model.oid()).stream()
                                .filter(Publication::ownedByUs)
                                .toList(),
                key,
                relatives.stream()
                        .flatMap(it -> it.indexes().stream())
                        .map(Index::name)
                        .distinct()
                        .toList());
    }

    /**
     * The statements that make a partition beside the table, to be attached in the same transaction, or later.
     *
     * @param partition its interval; null if it is none of the layout's
     */
    public List<Sql> partitionStatements(Partition partition, QualifiedName name) {
        List<Sql> statements = secludedStatements(partition, name);
        statements.addAll(accessStatements(name));
        return statements;
    }

    /**
     * As {@link #partitionStatements}, but without {@link #accessStatements}: nobody but its owner has a right on it.
     *
     * @param partition its interval; null if it is none of the layout's
     */
    public List<Sql> secludedStatements(Partition partition, QualifiedName name) {
        List<Sql> statements = new ArrayList<>(placement());
        statements.add(CREATE.with("unlogged", storage.unlogged() ? UNLOGGED : Sql.empty())
                .with("partition", name)
                .with("model", model.name()));
        key.combinedColumn().ifPresent(column -> {
            // Where the example is no default partition, it has a CHECK of that name for its own range.
            statements.add(DROP_CHECK.with("table", name).with("name", PartitionKey.nameOfCheck(column)));
            if (partition != null) {
                key.check(partition)
                        .ifPresent(check ->
                                statements.add(ADD_CHECK.with("table", name).with("check", check)));
            }
        });
        // Until the end of an exchange, a partition that came by it has a CHECK of its own bound.
        statements.add(DROP_CHECK
                .with("table", name)
                .with("name", PartitionKey.nameOfBoundCheck(model.name().name())));
        statements.addAll(alike(name, Routing.NATIVE));
        return statements;
    }

    /**
     * The statements that make a child of a table whose rows triggers will route.
     *
     * @param create the statement that makes the child itself
     */
    List<Sql> childStatements(QualifiedName child, Sql create) {
        List<Sql> statements = new ArrayList<>(placement());
        statements.add(create);
        statements.addAll(alike(child, Routing.TRIGGER));
        statements.addAll(accessStatements(child));
        return statements;
    }

    private List<Sql> placement() {
        return List.of(
                setTablespace(properties.tablespace().orElse(null)),
                SET_ACCESS_METHOD.with(
                        "name", Sql.literal(storage.accessMethod().name())));
    }

    /**
     * The setting takes the name as it is, not as an identifier in SQL.
     *
     * @param tablespace null for the database's default
     */
    private static Sql setTablespace(Identifier tablespace) {
        return SET_TABLESPACE.with("name", Sql.literal(tablespace == null ? "" : tablespace.name()));
    }

    private List<Sql> alike(QualifiedName table, Routing routing) {
        List<Sql> statements = new ArrayList<>();
        statements.add(Seclusion.of(table, model.name()));
        if (!properties.parameters().isEmpty()) {
            statements.add(SET_PARAMETERS
                    .with("table", table)
                    .with("parameters", StorageParameter.list(properties.parameters())));
        }
        for (ColumnProperties column : properties.columns()) {
            statements.addAll(ColumnStatistics.statementsOfPartition(column, table));
        }
        for (Index index : model.indexes()) {
            if (index.valid()) {
                statements.addAll(index(table, index, routing));
            }
        }
        for (ExtendedStatistics one : properties.statistics()) {
            QualifiedName name = counterpart(one.name().name(), table);
            statements.addAll(StatisticsObjects.createOnPartition(one, name, table));
            if (!one.owner().equals(model.owner())) {
                statements.add(CHANGE_OWNER_OF_STATISTICS.with("name", name).with("owner", one.owner()));
            }
        }
        identifyReplicas(statements, table);
        statements.add(CHANGE_OWNER.with("table", table).with("owner", model.owner()));
        return statements;
    }

    /** The same example in another tablespace, with all its indexes. */
    public Sister in(Identifier tablespace) {
        TableProperties moved = new TableProperties(
                Optional.of(tablespace),
                properties.parameters(),
                properties.replicaIdentity(),
                properties.checks(),
                properties.columns(),
                properties.statistics(),
                properties.indexes().stream()
                        .map(it -> new IndexProperties(
                                it.index(),
                                Optional.of(tablespace),
                                it.comment(),
                                it.constraintComment(),
                                it.targets(),
                                it.clustered(),
                                it.replicaIdentity()))
                        .toList());
        return new Sister(model, moved, storage, rowSecurity, publications, key, names);
    }

    /**
     * The statements that give what was made for {@code table} the names that the example's have, once these are gone.
     */
    public List<Sql> renameStatements(QualifiedName table) {
        List<Sql> statements = new ArrayList<>();
        for (Index index : model.indexes()) {
            if (index.valid()) {
                statements.add(RENAME_INDEX
                        .with("index", counterpart(index.name(), table))
                        .with("name", index.name()));
            }
        }
        for (ExtendedStatistics one : properties.statistics()) {
            statements.add(RENAME_STATISTICS
                    .with("statistics", counterpart(one.name().name(), table))
                    .with("name", one.name().name()));
        }
        return statements;
    }

    /** The statements that give a partition, which belongs to the same owner, to the same readers and writers. */
    public List<Sql> accessStatements(QualifiedName table) {
        List<Sql> statements = new ArrayList<>();
        if (rowSecurity.forced()) {
            statements.add(FORCE_ROW_SECURITY.with("table", table));
        }
        rowSecurity.policies().forEach(policy -> statements.add(Policies.create(policy, table)));
        List<Grant> ofOwner = model.grants().stream().filter(Grant::toOwner).toList();
        statements.addAll(SameGrants.on("TABLE", table, model.owner(), ofOwner, model.grants()));
        publications.forEach(it -> statements.add(Publications.add(it, table)));
        return statements;
    }

    private List<Sql> index(QualifiedName table, Index index, Routing routing) {
        IndexProperties ofIndex = properties.index(index.name());
        // Its definition is that of a partition already: nothing is to be added to it.
        boolean isAsItIs = Uniqueness.of(index, key, routing) == Uniqueness.WITH_PARTITION_KEY;
        List<Sql> statements =
                new ArrayList<>(List.of(setTablespace(ofIndex.tablespace().orElse(null))));
        statements.addAll(new PartitionedIndex(index, ofIndex, key, isAsItIs ? Routing.TRIGGER : routing)
                .createOnPartition(table, counterpart(index.name(), table).name()));
        return statements;
    }

    private void identifyReplicas(List<Sql> statements, QualifiedName table) {
        if (properties.replicaIdentity() != ReplicaIdentity.DEFAULT) {
            statements.addAll(ReplicaIdentities.withoutIndex(properties.replicaIdentity(), List.of(table)));
        }
        properties.indexes().stream()
                .filter(IndexProperties::replicaIdentity)
                .forEach(it -> statements.add(ReplicaIdentities.usingIndex(
                        table, counterpart(it.index(), table).name())));
    }

    /**
     * The name for what the example has under {@code name}. The swap, and the build of indexes, look for an index of a
     * partition by a name that is made of the partition's and of that of the table's index.
     */
    private QualifiedName counterpart(Identifier name, QualifiedName table) {
        Identifier own = model.name().name();
        String beginning = own.name() + "_";
        Identifier original = names.stream()
                .filter(it -> CarriedName.partitionIndex(own, it).equals(name))
                .findFirst()
                .orElse(
                        name.name().startsWith(beginning) && name.name().length() > beginning.length()
                                ? new Identifier(name.name().substring(beginning.length()))
                                : name);
        return table.sibling(CarriedName.partitionIndex(table.name(), original));
    }
}
