package liquibase.ext.partition.engine.index;

import liquibase.ext.partition.engine.catalog.Index;
import liquibase.ext.partition.engine.sql.Identifier;
import liquibase.ext.partition.engine.sql.QualifiedName;
import liquibase.ext.partition.engine.sql.Sql;
import liquibase.ext.partition.engine.target.PartitionKey;
import liquibase.ext.partition.engine.target.Routing;
import liquibase.ext.partition.engine.target.Uniqueness;

/**
 * The statements that give a partitioned table the index that {@code original} is on the source.
 *
 * <p>{@link Uniqueness} says what becomes of unique ones.
 */
record PartitionedIndex(Index original, PartitionKey partitionKey, Routing routing) {
    private static final Sql ADD_CONSTRAINT = Sql.of("ALTER TABLE ONLY {table} ADD CONSTRAINT {name} {definition}");
    private static final Sql CREATE_INDEX = Sql.of("CREATE {unique}INDEX {name} ON ONLY {table} USING {definition}");
    private static final Sql ATTACH = Sql.of("ALTER INDEX {index} ATTACH PARTITION {partitionIndex}");

    private Uniqueness uniqueness() {
        return Uniqueness.of(original, partitionKey, routing);
    }

    /** Whether the partition key is added to what makes a row unique. */
    boolean addsPartitionKey() {
        return uniqueness() == Uniqueness.WITH_PARTITION_KEY;
    }

    /** Whether it can only be made on each partition. */
    boolean isOfPartitionsOnly() {
        return uniqueness() == Uniqueness.OF_EACH_PARTITION;
    }

    /** Whether the partitions' indexes are parts of the partitioned table's. */
    boolean isAttached() {
        return routing == Routing.NATIVE && !isOfPartitionsOnly();
    }

    /**
     * Makes the index on {@code table} alone: on the partitioned table not on its partitions, so that it is not valid before
     * each of theirs is attached.
     */
    Sql create(QualifiedName table, Identifier name) {
        if (original.constraint().isPresent()) {
            return ADD_CONSTRAINT
                    .with("table", table)
                    .with("name", name)
                    .with("definition", Sql.raw(complete(original.constraint().get())));
        }
        return CREATE_INDEX
                .with("unique", original.unique() ? Sql.raw("UNIQUE ") : Sql.empty())
                .with("name", name)
                .with("table", table)
                .with("definition", Sql.raw(complete(original.method())));
    }

    static Sql attach(QualifiedName index, QualifiedName partitionIndex) {
        return ATTACH.with("index", index).with("partitionIndex", partitionIndex);
    }

    private String complete(String definition) {
        return uniqueness().completed(definition, partitionKey);
    }
}
