package liquibase.ext.partition.engine.partitioning;

import liquibase.ext.partition.engine.catalog.Index;
import liquibase.ext.partition.engine.sql.Identifier;

/** How unique an index remains on a partitioned table. An index that is not unique is {@link #KEPT}. */
public enum Uniqueness {
    /** The index stays unique, because it already includes the partition key. */
    KEPT,
    /** The partition key is added, as PostgreSQL requires: the index is unique only within a partition-key value. */
    WITH_PARTITION_KEY,
    /**
     * Each partition has the index separately and unchanged, and the partitioned table has none: the partition key is
     * an expression or may be NULL, and cannot be added.
     */
    OF_EACH_PARTITION,
    /**
     * Each child has the index separately and unchanged, and so has the parent, which holds no rows: triggers route
     * them.
     */
    OF_EACH_CHILD;

    /** How unique {@code index} remains. */
    public static Uniqueness of(Index index, PartitionKey partitionKey, Routing routing) {
        if (!index.unique()) {
            return KEPT;
        }
        if (routing == Routing.TRIGGER) {
            return OF_EACH_CHILD;
        }
        if (!partitionKey.canBeUnique()) {
            return OF_EACH_PARTITION;
        }
        return index.plainColumns().containsAll(partitionKey.columns()) ? KEPT : WITH_PARTITION_KEY;
    }

    /** The definition that an index or a constraint will have, from its columns on. */
    public String completed(String definition, PartitionKey partitionKey) {
        return this == WITH_PARTITION_KEY
                ? withColumn(definition, partitionKey.columns().get(0))
                : definition;
    }

    /**
     * Adds a column at the end of the first list in parentheses, which holds the key columns in an index's or a
     * constraint's definition. Parentheses in quoted names and in string constants do not count.
     */
    static String withColumn(String definition, Identifier column) {
        int depth = 0;
        char quote = 0;
        for (int i = 0; i < definition.length(); i++) {
            char c = definition.charAt(i);
            if (quote != 0) {
                // A doubled quote closes and opens again, with the same result.
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
