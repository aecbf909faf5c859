package liquibase.ext.partition.engine.newtable;

import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import liquibase.ext.partition.engine.catalog.Index;
import liquibase.ext.partition.engine.catalog.properties.IndexProperties;
import liquibase.ext.partition.engine.partitioning.PartitionKey;
import liquibase.ext.partition.engine.partitioning.Routing;
import liquibase.ext.partition.engine.partitioning.Uniqueness;
import liquibase.ext.partition.engine.sql.Identifier;
import liquibase.ext.partition.engine.sql.QualifiedName;
import liquibase.ext.partition.engine.sql.Sql;

/**
 * The counterpart, on a partitioned table, of the source's index {@code original}.
 *
 * <p>A unique index of a partitioned table must include the partition key, so the key is added to indexes that lack it:
 * uniqueness then holds only within a partition-key value. A key that is an expression, or may be NULL, cannot be
 * added; then each partition has the unique index separately and unchanged, and the partitioned table has none. If
 * triggers route the rows, every child has every index separately and unchanged, and so has the parent, which holds no
 * rows.
 *
 * @param original a valid index
 * @param alone whether the source is a partition that has the index by itself: so does each new one, unchanged
 */
public record PartitionedIndex(
        Index original, IndexProperties properties, PartitionKey partitionKey, Routing routing, boolean alone) {
    private static final Sql ADD_CONSTRAINT = Sql.of("ALTER TABLE ONLY {table} ADD CONSTRAINT {name} {definition}");
    private static final Sql CREATE_INDEX = Sql.of("CREATE {unique}INDEX {name} ON ONLY {table} USING {definition}");
    private static final Sql ATTACH = Sql.of("ALTER INDEX {index} ATTACH PARTITION {partitionIndex}");
    private static final Sql SET_STATISTICS =
            Sql.of("ALTER INDEX {index} ALTER COLUMN {place} SET STATISTICS {target}");
    private static final Sql COMMENT = Sql.of("COMMENT ON INDEX {index} IS {comment}");
    private static final Sql COMMENT_ON_CONSTRAINT = Sql.of("COMMENT ON CONSTRAINT {name} ON {table} IS {comment}");
    private static final Sql CLUSTER = Sql.of("ALTER TABLE {table} CLUSTER ON {index}");

    /** An index that the whole table has. */
    public PartitionedIndex(Index original, IndexProperties properties, PartitionKey partitionKey, Routing routing) {
        this(original, properties, partitionKey, routing, false);
    }

    private Uniqueness uniqueness() {
        return alone ? Uniqueness.OF_EACH_PARTITION : Uniqueness.of(original, partitionKey, routing);
    }

    /** Whether the partition key is added to the columns that make a row unique. */
    public boolean addsPartitionKey() {
        return uniqueness() == Uniqueness.WITH_PARTITION_KEY;
    }

    /** Whether it can only be made on each partition. */
    public boolean isOfPartitionsOnly() {
        return uniqueness() == Uniqueness.OF_EACH_PARTITION;
    }

    /** Whether the partitions' indexes are parts of the partitioned table's. */
    public boolean isAttached() {
        return routing == Routing.NATIVE && !isOfPartitionsOnly();
    }

    /** Whether the partitioned table loses the mark for {@code CLUSTER}, which its partitions keep. */
    public boolean isClusteredInPartitionsOnly() {
        return properties.clustered() && routing == Routing.NATIVE;
    }

    /**
     * The definition as the server writes it: that of the constraint if there is one, else from the access method on.
     *
     * @see #original
     */
    public String definition() {
        return uniqueness().completed(original.constraint().orElse(original.method()), partitionKey);
    }

    /**
     * Makes the index on the partitioned table alone, not on its partitions, so that it is not valid before each of
     * theirs is attached. It goes into the session's default tablespace, which must be that of {@link #properties}.
     */
    public List<Sql> createOnParent(QualifiedName table, Identifier name) {
        List<Sql> statements = create(table, name);
        comment(statements, table, name);
        if (properties.clustered() && routing == Routing.TRIGGER) {
            statements.add(CLUSTER.with("table", table).with("index", name));
        }
        return statements;
    }

    /** Makes the index on one partition, or child; the tablespace as in {@link #createOnParent}. */
    public List<Sql> createOnPartition(QualifiedName table, Identifier name) {
        List<Sql> statements = create(table, name);
        if (isOfPartitionsOnly()) {
            comment(statements, table, name);
        }
        if (properties.clustered()) {
            statements.add(CLUSTER.with("table", table).with("index", name));
        }
        return statements;
    }

    private List<Sql> create(QualifiedName table, Identifier name) {
        List<Sql> statements = new ArrayList<>();
        Sql definition = Sql.raw(definition());
        statements.add(
                original.constraint().isPresent()
                        ? ADD_CONSTRAINT.with("table", table).with("name", name).with("definition", definition)
                        : CREATE_INDEX
                                .with("unique", original.unique() ? Sql.raw("UNIQUE ") : Sql.empty())
                                .with("name", name)
                                .with("table", table)
                                .with("definition", definition));
        for (IndexProperties.StatisticsTarget it : properties.targets()) {
            statements.add(SET_STATISTICS
                    .with("index", table.sibling(name))
                    .with("place", Sql.raw(Integer.toString(it.place())))
                    .with("target", Sql.raw(Integer.toString(it.target()))));
        }
        return statements;
    }

    private void comment(List<Sql> statements, QualifiedName table, Identifier name) {
        Optional<Sql> comment = properties.comment().map(Sql::literal);
        comment.ifPresent(
                it -> statements.add(COMMENT.with("index", table.sibling(name)).with("comment", it)));
        Optional<Sql> constraintComment = properties.constraintComment().map(Sql::literal);
        constraintComment.ifPresent(it -> statements.add(
                COMMENT_ON_CONSTRAINT.with("name", name).with("table", table).with("comment", it)));
    }

    public static Sql attach(QualifiedName index, QualifiedName partitionIndex) {
        return ATTACH.with("index", index).with("partitionIndex", partitionIndex);
    }
}
