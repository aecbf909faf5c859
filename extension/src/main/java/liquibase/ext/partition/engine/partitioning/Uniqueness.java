package liquibase.ext.partition.engine.partitioning;

import liquibase.ext.partition.engine.catalog.Index;
import liquibase.ext.partition.engine.sql.Identifier;

/** What becomes of a unique index on a partitioned table. An index that is not unique is {@link #KEPT}. */
public enum Uniqueness {
    /** It is unique as it was: it includes the partition key already. */
    KEPT,
    /** The partition key is added to it, as PostgreSQL wants it: it is unique within a partition-key value only. */
    WITH_PARTITION_KEY,
    /**
     * Each partition has it by itself, as it was, and the partitioned table has none: the partition key is an
     * expression or may be NULL, and cannot be added.
     */
    OF_EACH_PARTITION,
    /** Each child has it by itself, as it was, and so has the parent, which holds no rows: triggers route them. */
    OF_EACH_CHILD;

    /** What becomes of {@code index}. */
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

    /** The definition of an index or of a constraint, from its columns on, as it will be. */
    public String completed(String definition, PartitionKey partitionKey) {
        return this == WITH_PARTITION_KEY
                ? withColumn(definition, partitionKey.columns().get(0))
                : definition;
    }

    /**
     * Adds a column at the end of the first list in parentheses, which in an index's or a constraint's definition is
     * that of its key columns. Parentheses in quoted names and in string constants do not count.
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
