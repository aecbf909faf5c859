package liquibase.ext.partition.engine.index;

import liquibase.ext.partition.engine.catalog.Index;
import liquibase.ext.partition.engine.sql.Identifier;
import liquibase.ext.partition.engine.sql.QualifiedName;
import liquibase.ext.partition.engine.sql.Sql;
import liquibase.ext.partition.engine.target.PartitionKey;
import liquibase.ext.partition.engine.target.Routing;

/**
 * The statements that give a partitioned table the index that {@code original} is on the source.
 *
 * <p>A unique index of a partitioned table must include the partition key, so it is added to those that lack it: uniqueness
 * then holds within a partition-key value only. A key that is an expression, or may be NULL, cannot be added; then each partition
 * has the unique index by itself, as it was, and the partitioned table has none. Where rows are routed by triggers every child has
 * every index by itself, as it was, and so has the parent, which holds no rows.
 */
record PartitionedIndex(Index original, PartitionKey partitionKey, Routing routing) {
    private static final Sql ADD_CONSTRAINT = Sql.of("ALTER TABLE ONLY {table} ADD CONSTRAINT {name} {definition}");
    private static final Sql CREATE_INDEX = Sql.of("CREATE {unique}INDEX {name} ON ONLY {table} USING {definition}");
    private static final Sql ATTACH = Sql.of("ALTER INDEX {index} ATTACH PARTITION {partitionIndex}");

    /** Whether the partition key is added to what makes a row unique. */
    boolean addsPartitionKey() {
        return original.unique()
                && routing == Routing.NATIVE
                && partitionKey.canBeUnique()
                && !original.plainColumns().containsAll(partitionKey.columns());
    }

    /** Whether it can only be made on each partition. */
    boolean isOfPartitionsOnly() {
        return original.unique() && routing == Routing.NATIVE && !partitionKey.canBeUnique();
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
        return addsPartitionKey()
                ? withColumn(definition, partitionKey.columns().get(0))
                : definition;
    }

    /**
     * Adds a column at the end of the first list in parentheses, which in an index's or a constraint's definition is that of
     * its key columns. Parentheses in quoted names and in string constants do not count.
     */
    static String withColumn(String definition, Identifier column) {
        int depth = 0;
        char quote = 0;
        for (int i = 0; i < definition.length(); i++) {
            char c = definition.charAt(i);
            if (quote != 0) {
                // A doubled quote closes and opens again, which comes to the same.
                quote = c == quote ? 0 : quote;
            } else if (c == '"' || c == '\'') {
                quote = c;
            } else if (c == '(') {
                depth++;
            } else if (c == ')' && --depth == 0) {
                return definition.substring(0, i) + ", " + column.quoted() + definition.substring(i);
            }
        }
        throw new IllegalArgumentException("No list of columns in: " + definition);
    }
}
