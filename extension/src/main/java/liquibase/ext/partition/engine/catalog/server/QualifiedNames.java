package liquibase.ext.partition.engine.catalog.server;

import java.sql.SQLException;
import liquibase.ext.partition.engine.sql.SearchPath;
import liquibase.ext.partition.engine.sql.Session;
import liquibase.ext.partition.engine.sql.Sql;

/**
 * Makes the server qualify names: with nothing but the catalog on the {@code search_path}, the catalog's functions
 * ({@code pg_get_viewdef} and others) and casts to {@code regclass} qualify every other name that they write.
 */
public final class QualifiedNames {
    private QualifiedNames() {}

    /** Runs {@code work} with this path, in the open transaction, or else in one of its own. */
    public static <T> T within(Session session, Session.Work<T> work) throws SQLException {
        return session.whilePinned(work);
    }

    /** The present path. */
    public static String searchPath(Session session) throws SQLException {
        return session.searchPath();
    }

    /** The statement that sets the {@code search_path} until the end of the transaction, and gives one row. */
    public static Sql setStatement(String path) {
        return SearchPath.set(path, true);
    }

    /** The statement that sets the path to the catalog alone. */
    public static Sql setStatement() {
        return setStatement(SearchPath.PINNED);
    }
}
