package liquibase.ext.partition.engine.catalog;

import java.sql.SQLException;
import liquibase.ext.partition.engine.sql.SearchPath;
import liquibase.ext.partition.engine.sql.Session;
import liquibase.ext.partition.engine.sql.Sql;

/**
 * With nothing but the catalog on the {@code search_path}, the catalog's functions ({@code pg_get_viewdef} and the
 * like) and casts to {@code regclass} qualify every other name that they write.
 */
public final class QualifiedNames {
    private QualifiedNames() {}

    /** Runs {@code work} so, in the transaction that is open, or else in one of its own. */
    public static <T> T within(Session session, Session.Work<T> work) throws SQLException {
        return session.whilePinned(work);
    }

    /** As it is now. */
    public static String searchPath(Session session) throws SQLException {
        return session.searchPath();
    }

    /** Sets the {@code search_path} until the end of the transaction, and gives one row. */
    public static Sql setStatement(String path) {
        return SearchPath.set(path, true);
    }

    /** The path on which only the catalog is. */
    public static Sql setStatement() {
        return setStatement(SearchPath.PINNED);
    }
}
