package liquibase.ext.partition.testing;

import java.sql.Connection;
import java.sql.DriverManager;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import java.util.UUID;
import java.util.concurrent.locks.LockSupport;
import java.util.regex.Pattern;

/**
 * A test's own database, on the {@linkplain TestServer#shared() shared server}. When it is closed it is dropped,
 * whoever is still connected, together with the roles made through it.
 *
 * <p>Each convenience method ({@code execute}, {@code query…}) uses a connection for itself in autocommit, so a
 * statement that waits for a lock never holds up another thread of the test. A failed statement is an
 * {@link AssertionError} that names the statement; a test about errors uses {@link #connect()}.
 */
public final class TestDatabase implements AutoCloseable {

    /** Settings that a session takes over when it begins, and not later. */
    private static final Pattern FOR_NEW_SESSIONS =
            Pattern.compile("(?i)ALTER\\s+(DATABASE|ROLE|USER|SYSTEM)|pg_reload_conf");

    private static final Duration LONGEST_WAIT = Duration.ofMinutes(1);

    private final TestServer server;
    private final String name = "test_" + unique();
    private final List<String> roles = new ArrayList<>();
    private final List<String> tablespaces = new ArrayList<>();
    private final List<SmallDisk> disks = new ArrayList<>();
    private final Sessions sessions;
    private final Sessions sessionsOfSteps;

    TestDatabase(TestServer server) {
        this.server = server;
        this.sessions = Sessions.of(url());
        this.sessionsOfSteps = Sessions.keepingPlans(url());
        administer("CREATE DATABASE " + name + " TEMPLATE template0");
    }

    /** A new database on the shared server. */
    public static TestDatabase create() {
        return TestServer.shared().newDatabase();
    }

    /** A new connection of the administrator, in autocommit; the caller closes it. */
    public Connection connect() throws SQLException {
        return connect(username(), password());
    }

    /** A new connection of another role, as {@link #createRole} made it; the caller closes it. */
    public Connection connect(String username, String password) throws SQLException {
        return DriverManager.getConnection(url(), username, password);
    }

    /**
     * Runs a step on a connection that nobody else has meanwhile. An earlier step may have used it, of which only the
     * server's knowledge of the catalog and of statements is left: a new session would take most of its time for that.
     */
    public <T> T onConnection(String username, String password, Sessions.Work<T> step) throws SQLException {
        return sessionsOfSteps.with(username, password, step);
    }

    public String name() {
        return name;
    }

    public String url() {
        return server.url(name);
    }

    public String username() {
        return server.username();
    }

    public String password() {
        return server.password();
    }

    /**
     * Creates a role that can log in, whose password is its name, and gives its name, which begins with {@code prefix}
     * and is unique on the server.
     *
     * @param prefix the prefix as the catalog has it; if it needs quotes, so do the caller's statements
     * @param attributes SQL after {@code CREATE ROLE name}, such as {@code "CREATEROLE"}; may be empty
     */
    public String createRole(String prefix, String attributes) {
        String role = prefix + "_" + unique();
        administer(
                "CREATE ROLE %s LOGIN PASSWORD '%s' %s".formatted(quoted(role), role.replace("'", "''"), attributes));
        roles.add(role);
        return role;
    }

    /**
     * Creates a tablespace inside the server's own directory, in which everybody may create, and returns its name,
     * unquoted. Needs a superuser, and for PostgreSQL 14 one of the later minor versions.
     */
    public String createTablespace(String prefix) {
        String tablespace = prefix + "_" + unique();
        execute(
                "SET allow_in_place_tablespaces = on",
                "CREATE TABLESPACE %s LOCATION ''".formatted(quoted(tablespace)),
                "GRANT CREATE ON TABLESPACE %s TO PUBLIC".formatted(quoted(tablespace)));
        tablespaces.add(tablespace);
        return tablespace;
    }

    /**
     * Mounts a disk of that size and makes a tablespace on it, in which everybody may create. Needs a superuser, and a
     * server that runs as the user of this JVM, as an embedded one does.
     *
     * @param tablespace its name, which must be unique on the server
     */
    public SmallDisk createSmallDisk(String tablespace, int megabytes) {
        SmallDisk disk = SmallDisk.ofMegabytes(megabytes);
        disks.add(disk);
        execute(
                "CREATE TABLESPACE %s LOCATION '%s'".formatted(tablespace, disk.location()),
                "GRANT CREATE ON TABLESPACE %s TO PUBLIC".formatted(tablespace));
        tablespaces.add(tablespace);
        return disk;
    }

    /** Runs each statement on its own, in autocommit. */
    public void execute(String... statements) {
        try {
            sessions.with(username(), password(), connection -> {
                try (Statement statement = connection.createStatement()) {
                    for (String sql : statements) {
                        run(statement, sql);
                    }
                }
                return null;
            });
        } catch (SQLException e) {
            throw new AssertionError("Cannot connect to " + url() + ": " + e.getMessage(), e);
        } finally {
            if (Arrays.stream(statements)
                    .anyMatch(sql -> FOR_NEW_SESSIONS.matcher(sql).find())) {
                closeSessions();
            }
        }
    }

    /** The SQLSTATE of what the statements, in one transaction, end with; empty when it commits. */
    public String errorOf(String... statements) {
        return failureOf(statements).map(SQLException::getSQLState).orElse("");
    }

    /** The message of what the statements, in one transaction, end with; empty when it commits. */
    public String messageOf(String... statements) {
        return failureOf(statements).map(SQLException::getMessage).orElse("");
    }

    private Optional<SQLException> failureOf(String... statements) {
        try (Connection connection = connect();
                Statement statement = connection.createStatement()) {
            connection.setAutoCommit(false);
            for (String sql : statements) {
                statement.execute(sql);
            }
            connection.commit();
            return Optional.empty();
        } catch (SQLException e) {
            return Optional.of(e);
        }
    }

    /** The advisory locks in the database: other tests of the server have theirs in other ones. */
    public static final String ADVISORY_LOCKS =
            "pg_locks WHERE locktype = 'advisory' AND database = (SELECT oid FROM pg_database WHERE datname = current_database())";

    /** Whether the server is of that major version or a later one. */
    public boolean isAtLeast(int version) {
        return queryLong("SHOW server_version_num") >= version * 10_000L;
    }

    /** The only column of the only row. */
    public long queryLong(String sql, Object... parameters) {
        return Long.parseLong(queryString(sql, parameters));
    }

    /** The only column of the only row, as text; null for NULL. */
    public String queryString(String sql, Object... parameters) {
        List<String> values = queryStrings(sql, parameters);
        if (values.size() != 1) {
            throw new AssertionError("%d rows instead of one from: %s".formatted(values.size(), sql));
        }
        return values.get(0);
    }

    /** The first column of every row, as text; null for NULL. */
    public List<String> queryStrings(String sql, Object... parameters) {
        return queryRows(sql, parameters).stream().map(row -> row.get(0)).toList();
    }

    /** Every row, its columns as text; null for NULL. */
    public List<List<String>> queryRows(String sql, Object... parameters) {
        try {
            return sessions.with(username(), password(), connection -> {
                try (PreparedStatement statement = connection.prepareStatement(sql)) {
                    for (int i = 0; i < parameters.length; i++) {
                        statement.setObject(i + 1, parameters[i]);
                    }
                    return rows(statement);
                }
            });
        } catch (SQLException e) {
            throw new AssertionError("%s%nfrom: %s".formatted(e.getMessage(), sql), e);
        }
    }

    private static List<List<String>> rows(PreparedStatement statement) throws SQLException {
        List<List<String>> rows = new ArrayList<>();
        try (ResultSet result = statement.executeQuery()) {
            int columns = result.getMetaData().getColumnCount();
            while (result.next()) {
                List<String> row = new ArrayList<>(columns);
                for (int i = 1; i <= columns; i++) {
                    row.add(result.getString(i));
                }
                rows.add(row);
            }
        }
        return rows;
    }

    /**
     * Asks again until the query's answer is true.
     *
     * @throws AssertionError after a minute, with the query
     */
    public void awaitTrue(String sql, Object... parameters) {
        long deadline = System.nanoTime() + LONGEST_WAIT.toNanos();
        while (!"t".equals(queryString(sql, parameters))) {
            if (System.nanoTime() > deadline) {
                throw new AssertionError("Still not true after %s: %s".formatted(LONGEST_WAIT, sql));
            }
            LockSupport.parkNanos(10_000_000);
        }
    }

    @Override
    public void close() {
        closeSessions();
        administer("DROP DATABASE IF EXISTS " + name + " WITH (FORCE)");
        tablespaces.forEach(tablespace -> administer("DROP TABLESPACE " + quoted(tablespace)));
        tablespaces.clear();
        disks.forEach(SmallDisk::close);
        disks.clear();
        roles.forEach(role -> administer("DROP ROLE " + quoted(role)));
        roles.clear();
    }

    /** Closes the idle sessions, for a test that counts sessions. */
    public void closeSessions() {
        sessions.close();
        sessionsOfSteps.close();
    }

    @Override
    public String toString() {
        return url();
    }

    private void administer(String sql) {
        try {
            server.administrators().with(server.username(), server.password(), connection -> {
                try (Statement statement = connection.createStatement()) {
                    run(statement, sql);
                }
                return null;
            });
        } catch (SQLException e) {
            throw new AssertionError("Cannot connect to " + server.description() + ": " + e.getMessage(), e);
        }
    }

    private static void run(Statement statement, String sql) {
        try {
            statement.execute(sql);
        } catch (SQLException e) {
            throw new AssertionError("%s%nfrom: %s".formatted(e.getMessage(), sql), e);
        }
    }

    private static String quoted(String role) {
        return '"' + role.replace("\"", "\"\"") + '"';
    }

    private static String unique() {
        return UUID.randomUUID().toString().replace("-", "").substring(0, 12);
    }
}
