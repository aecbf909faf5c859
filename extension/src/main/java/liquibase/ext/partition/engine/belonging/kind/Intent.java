package liquibase.ext.partition.engine.belonging.kind;

import java.util.Optional;
import java.util.Set;
import liquibase.ext.partition.engine.catalog.Table;
import liquibase.ext.partition.engine.newtable.NewTableSpec;
import liquibase.ext.partition.engine.partitioning.PartitionKey;
import liquibase.ext.partition.engine.sql.Identifier;
import liquibase.ext.partition.engine.sql.Session;

/**
 * A table, and its intended new form.
 *
 * @param session the session in which to ask about the table
 * @param source the table as it is now
 * @param spec the new table's spec, with the triggers that are accepted
 * @param key the new table's partition key; empty if it cannot have one
 * @param differing the columns that the new table has with another type, or that only the new table has; empty without
 *     a key
 */
public record Intent(
        Session session, Table source, NewTableSpec spec, Optional<PartitionKey> key, Set<Identifier> differing) {
    /** The remedy for things that only a table without routing triggers can have. */
    public static final String USE_NATIVE = "use native partitioning instead of routing by triggers";

    public Intent {
        differing = Set.copyOf(differing);
    }
}
