package liquibase.ext.partition.engine.link;

import java.sql.Connection;
import java.sql.SQLException;
import liquibase.ext.partition.engine.sql.Session;
import liquibase.ext.partition.engine.sql.Sql;

/**
 * The server's process at the other end of a connection. If only the way to it is lost, it lives on, with its locks and
 * its open transaction.
 *
 * @param started distinguishes it from a later process with the same number, in seconds since 1970
 */
public record Backend(long pid, String started) {
    /** Asked before the session is pinned, because its process must be known before anything is set. */
    private static final Sql OURS = Sql.of("""
            SELECT a.pid, extract(epoch FROM a.backend_start)::pg_catalog.text AS started
            FROM pg_catalog.pg_stat_activity AS a WHERE a.pid OPERATOR(pg_catalog.=) pg_catalog.pg_backend_pid()""");

    /** A role may end its own sessions. Waits until the session has ended, for five seconds at most. */
    private static final Sql END = Sql.of("""
            SELECT pg_catalog.pg_terminate_backend(a.pid, 5000)
            FROM pg_catalog.pg_stat_activity AS a
            WHERE a.pid = {pid} AND extract(epoch FROM a.backend_start)::pg_catalog.text = {started}""");

    /** The process that serves {@code session}. */
    public static Backend of(Session session) throws SQLException {
        return session.queryOnAnyPath(OURS, row -> new Backend(row.getLong("pid"), row.getString("started"))).stream()
                .findFirst()
                .orElseThrow(() -> new SQLException("The server does not list our own session."));
    }

    /**
     * Whether the process serves {@code connection} and no other; false if a pooler is between, or cannot be excluded.
     */
    public boolean isAlone(Connection connection) {
        return pid == keyOf(connection);
    }

    /**
     * The process that the server named when the connection was made. A pooler names one of its own, by which it finds
     * its client.
     */
    private static long keyOf(Connection connection) {
        try {
            Class<?> driver = Class.forName("org.postgresql.PGConnection", false, loaderOf(connection));
            Object ofDriver = connection.isWrapperFor(driver) ? connection.unwrap(driver) : connection;
            return ((Number) ofDriver.getClass().getMethod("getBackendPID").invoke(ofDriver)).longValue();
        } catch (ReflectiveOperationException | ClassCastException | SQLException e) {
            // The connection is another driver's.
            return 0;
        }
    }

    /** A pool in this JVM wraps the driver's connections, and the driver's class need not be visible from here. */
    private static ClassLoader loaderOf(Connection connection) {
        ClassLoader loader = connection.getClass().getClassLoader();
        return loader == null ? Backend.class.getClassLoader() : loader;
    }

    /** Ends the process, with everything that it has not committed; does nothing if it has ended. */
    public void end(Session another) throws SQLException {
        another.queryStrings(END.with("pid", pid).with("started", started));
    }
}
