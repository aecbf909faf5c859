package liquibase.ext.partition.engine.catalog;

import java.sql.SQLException;
import liquibase.ext.partition.engine.sql.Session;
import liquibase.ext.partition.engine.sql.Sql;

/**
 * With nothing but {@code pg_catalog} on the {@code search_path}, the catalog's functions ({@code pg_get_viewdef} and the like) and
 * casts to {@code regclass} qualify every other name that they write.
 */
public final class QualifiedNames {
    private static final String CATALOG = "pg_catalog";
    private static final Sql SEARCH_PATH = Sql.of("SELECT pg_catalog.current_setting('search_path')");
    private static final Sql SET_SEARCH_PATH = Sql.of("SELECT pg_catalog.set_config('search_path', {path}, true)");

    private QualifiedNames() {}

    /** Runs {@code work} so, in the transaction that is open, or else in one of its own. */
    public static <T> T within(Session session, Session.Work<T> work) throws SQLException {
        return session.inTransaction(() -> {
            String path = searchPath(session);
            set(session, CATALOG);
            T result = work.run();
            set(session, path);
            return result;
        });
    }

    /** As it is now. */
    public static String searchPath(Session session) throws SQLException {
        return session.queryStrings(SEARCH_PATH).get(0);
    }

    /** Not a question whose answer matters. */
    private static void set(Session session, String path) throws SQLException {
        session.update(setStatement(path));
    }

    /** Sets the {@code search_path} until the end of the transaction, and gives one row. */
    public static Sql setStatement(String path) {
        return SET_SEARCH_PATH.with("path", path);
    }

    /** The path on which only the catalog is. */
    public static Sql setStatement() {
        return setStatement(CATALOG);
    }
}
