package liquibase.ext.partition.endtoend;

import java.sql.Connection;
import java.sql.SQLException;
import java.sql.Statement;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.locks.LockSupport;
import liquibase.ext.partition.testing.TestDatabase;

/** A lock that a session of the test's own holds, for another session to wait at; released when it is closed. */
final class Barrier implements AutoCloseable {

    private static final Duration LONGEST_WAIT = Duration.ofMinutes(2);

    private final TestDatabase database;
    private final Connection connection;

    private Barrier(TestDatabase database, Connection connection) {
        this.database = database;
        this.connection = connection;
    }

    /** @param statement the statement that takes the lock, in a transaction that stays open */
    static Barrier at(TestDatabase database, String statement) throws SQLException {
        Connection connection = database.connect();
        connection.setAutoCommit(false);
        try (Statement taking = connection.createStatement()) {
            taking.execute(statement);
        }
        return new Barrier(database, connection);
    }

    /**
     * Blocks until a session waits for a lock with a query that contains this text. A lock statement is sent together
     * with the one that sets its timeout, so it need not come first.
     *
     * @throws AssertionError when {@code update} has ended instead, or after two minutes, with what it printed
     */
    void awaitVictim(String statement, RunningCli update) {
        long deadline = System.nanoTime() + LONGEST_WAIT.toNanos();
        while (waiting().stream().noneMatch(query -> query.contains(statement))) {
            if (System.nanoTime() > deadline || !update.isRunning()) {
                List<String> waiting = waiting();
                throw new AssertionError("Nobody came to wait with <%s>; waiting were %s.%n%s"
                        .formatted(statement, waiting, update.kill()));
            }
            LockSupport.parkNanos(10_000_000);
        }
    }

    private List<String> waiting() {
        return database.queryStrings("""
                SELECT query FROM pg_stat_activity
                WHERE datname = current_database() AND wait_event_type = 'Lock'
                """);
    }

    @Override
    public void close() throws SQLException {
        connection.close();
    }
}
