package liquibase.ext.partition.engine.belonging.kind;

import java.util.Set;
import liquibase.ext.partition.engine.catalog.Table;
import liquibase.ext.partition.engine.sql.Identifier;
import liquibase.ext.partition.engine.sql.Session;

/**
 * A table that gives its name back to its backup.
 *
 * @param session the session in which to ask about them
 * @param live the partitioned table
 * @param differing the columns that only one of them has, or that have different types
 */
public record WayBack(Session session, Table live, Table backup, Set<Identifier> differing) {
    public WayBack {
        differing = Set.copyOf(differing);
    }
}
