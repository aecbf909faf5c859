package liquibase.ext.partition.testing;

import java.sql.Connection;
import java.sql.DriverManager;
import java.sql.SQLException;
import java.sql.Statement;
import java.util.Deque;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ConcurrentLinkedDeque;

/**
 * Sessions of one database that are used one after the other for different things. A new session reads the catalog
 * anew, which takes the server more time than most of a test's work.
 *
 * <p>Between two uses everything of the first is discarded: an open transaction, a lock, a setting or a temporary
 * table. If that fails, the session is closed, like one that was ended meanwhile.
 */
public final class Sessions implements AutoCloseable {
    @FunctionalInterface
    public interface Work<T> {
        T on(Connection connection) throws SQLException;
    }

    private static final int PATIENCE_SECONDS = 10;

    private static final String ALL = "DISCARD ALL";

    /**
     * Does what {@code DISCARD ALL} does, in its order, except for {@code DEALLOCATE ALL} and {@code DISCARD PLANS}.
     */
    private static final String ALL_BUT_PLANS =
            "CLOSE ALL; SET SESSION AUTHORIZATION DEFAULT; RESET ALL; UNLISTEN *; SELECT pg_catalog.pg_advisory_unlock_all(); DISCARD TEMP; DISCARD SEQUENCES";

    private static final String APPLICATION_NAME = "ApplicationName";

    private final String url;
    private final String discard;
    private final Map<String, Deque<Connection>> idle = new ConcurrentHashMap<>();

    private volatile String applicationName;

    private Sessions(String url, String discard) {
        this.url = url;
        this.discard = discard;
    }

    static Sessions of(String url) {
        return new Sessions(url, ALL);
    }

    /** For a user that runs the same statements again and again, as the changesets of an update do in one session. */
    static Sessions keepingPlans(String url) {
        return new Sessions(url, ALL_BUT_PLANS);
    }

    <T> T with(String username, String password, Work<T> work) throws SQLException {
        Deque<Connection> ofUser = idle.computeIfAbsent(username, name -> new ConcurrentLinkedDeque<>());
        Connection connection = usable(ofUser, username, password);
        try {
            return work.on(connection);
        } finally {
            if (isAsNew(connection)) {
                ofUser.push(connection);
            } else {
                connection.close();
            }
        }
    }

    private Connection usable(Deque<Connection> ofUser, String username, String password) throws SQLException {
        Connection connection;
        while ((connection = ofUser.poll()) != null) {
            if (connection.isValid(PATIENCE_SECONDS)) {
                return connection;
            }
            connection.close();
        }
        Connection opened = DriverManager.getConnection(url, username, password);
        applicationName = opened.getClientInfo(APPLICATION_NAME);
        return opened;
    }

    private boolean isAsNew(Connection connection) {
        try {
            if (connection.isClosed()) {
                return false;
            }
            connection.setReadOnly(false);
            if (!connection.getAutoCommit()) {
                connection.rollback();
                connection.setAutoCommit(true);
            }
            connection.clearWarnings();
            try (Statement statement = connection.createStatement()) {
                statement.execute(discard);
            }
            // The driver has set it after connecting, so the server does not count it as a setting of the session's
            // beginning.
            connection.setClientInfo(APPLICATION_NAME, applicationName);
            return true;
        } catch (SQLException e) {
            return false;
        }
    }

    /** Closes the sessions that are not in use. */
    @Override
    public void close() {
        for (Deque<Connection> ofUser : idle.values()) {
            Connection connection;
            while ((connection = ofUser.poll()) != null) {
                try {
                    connection.close();
                } catch (SQLException e) {
                    throw new AssertionError(e);
                }
            }
        }
    }
}
