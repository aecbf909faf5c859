package liquibase.ext.partition.connection;

import java.sql.Connection;
import java.sql.SQLException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import liquibase.database.Database;
import liquibase.database.DatabaseConnection;
import liquibase.database.jvm.JdbcConnection;
import liquibase.exception.DatabaseException;
import liquibase.ext.partition.engine.PartitionException;
import liquibase.ext.partition.engine.Pause;
import liquibase.ext.partition.engine.Report;
import liquibase.ext.partition.engine.link.Backend;
import liquibase.ext.partition.engine.sql.Session;
import liquibase.ext.partition.engine.sql.SqlState;

/**
 * Restores Liquibase's connection when the server, or the way to it, was gone for a while. Every step can run again
 * from the start: it asks the server what is done, and goes on from there.
 *
 * <p>The new connection comes from the source of workers' connections, replaces the old one in Liquibase's
 * {@link Database}, and gets its {@code search_path}.
 */
public final class Reconnection {
    private static final Duration FIRST_PAUSE = Duration.ofMillis(200);
    private static final Duration LONGEST_PAUSE = Duration.ofSeconds(10);

    /** A connection that is lost again within this time does not count as one. */
    private static final Duration SHORT_LIVED = Duration.ofMinutes(1);

    private static final int SHORT_LIVES = 10;

    /** The questions to a new connection take no time, and it can be lost again at once. */
    private static final int LONGEST_ANSWER_MILLISECONDS = 15_000;

    private final Database database;
    private final String step;
    private final Duration patience;
    private final Report report;
    private final String path;
    private final boolean autoCommit;
    private final int networkTimeout;
    private final Server server;

    /** Whether our session is marked as the holder of DATABASECHANGELOGLOCK. */
    private final boolean signed;

    /** First the session of Liquibase's connection, then those of workers. */
    private List<Backend> backends;

    private long connectedAt = System.nanoTime();
    private int shortLives;

    private Reconnection(Database database, String step, Duration patience) throws SQLException, DatabaseException {
        this.database = database;
        this.step = step;
        this.patience = patience;
        this.report = LiquibaseEnvironment.report();
        Connection connection = LiquibaseEnvironment.connection(database);
        Session session = new Session(connection);
        this.networkTimeout = connection.getNetworkTimeout();
        limit(connection);
        this.autoCommit = connection.getAutoCommit();
        this.path = session.searchPath();
        this.server = Server.of(session);
        this.backends = List.of(Backend.of(session));
        this.signed = session.whilePinned(() -> new ChangeLogLock(session, database).isOurs());
        connection.setNetworkTimeout(Runnable::run, networkTimeout);
    }

    /**
     * Must be made while the connection is alive.
     *
     * @param step the step's name, for the lines
     */
    public static Reconnection of(Database database, String step) throws SQLException, DatabaseException {
        return new Reconnection(database, step, PartitionConfiguration.giveUpAfter());
    }

    /** Work that starts again from the beginning after the connection was lost. */
    @FunctionalInterface
    public interface Attempt<T> {
        T run() throws SQLException, DatabaseException;
    }

    /**
     * Tries as often as it takes: reconnects after each attempt whose connection was lost, or whose server took no
     * writes.
     */
    public <T> T until(Attempt<T> attempt) throws SQLException, DatabaseException {
        while (true) {
            try {
                return attempt.run();
            } catch (SQLException e) {
                if (!isPassing(e)) {
                    throw e;
                }
                await(e);
            }
        }
    }

    /**
     * Whether the connection was lost, or the server takes no writes now: the conditions that {@link #await} waits out.
     */
    public static boolean isPassing(SQLException e) {
        return SqlState.isConnectionLost(e) || SqlState.READ_ONLY.matches(e);
    }

    /** Remembers the sessions that an attempt at the step has had on the server. */
    public void leftBehind(List<Backend> ofTheAttempt) {
        List<Backend> all = new ArrayList<>(backends);
        all.addAll(ofTheAttempt);
        backends = all.stream().distinct().toList();
    }

    /**
     * Waits until there is a connection again, to the same database, that takes writes; then ends the remains of
     * earlier sessions there. If a worker's connection was lost and Liquibase's own is alive, waits only a moment.
     *
     * @param lost the exception that ended the step: a lost connection, or a server that takes no writes
     * @throws PartitionException when there is no connection after {@code giveUpAfter}, when connections are lost as
     *     soon as they are made, when another database answers, or when it is not known how to open one
     */
    public void await(SQLException lost) throws DatabaseException {
        countLife(lost);
        tell(lost);
        long begun = System.nanoTime();
        SQLException last = lost;
        for (Duration pause = FIRST_PAUSE; ; pause = min(pause.multipliedBy(2), LONGEST_PAUSE)) {
            Pause.of(Pause.withJitter(pause), step + " was interrupted while it waited for the server.");
            try {
                // A server that takes no writes may be the wrong one by now: the next try looks up the way again.
                if (SqlState.READ_ONLY.matches(last)
                        || !LiquibaseEnvironment.connection(database).isValid(5)) {
                    open(lost);
                }
                goOn();
                connectedAt = System.nanoTime();
                report.line(step + ": connected again; going on.");
                return;
            } catch (SQLException e) {
                if (SqlState.READ_ONLY.matches(e) && !SqlState.READ_ONLY.matches(last)) {
                    tell(e);
                }
                last = e;
            }
            if (System.nanoTime() - begun >= patience.toNanos()) {
                throw new PartitionException(givingUp(last), last);
            }
        }
    }

    private void tell(SQLException lost) {
        report.line(
                SqlState.READ_ONLY.matches(lost)
                        ? "%s: the server takes no writes now (%s). What was committed is kept. Waiting for it for %d s."
                                .formatted(step, SqlState.firstLine(lost), patience.toSeconds())
                        : "%s: the connection to the server is lost (%s). What was committed is kept. Trying to connect again for %d s."
                                .formatted(step, SqlState.firstLine(lost), patience.toSeconds()));
    }

    private String givingUp(SQLException last) {
        return SqlState.READ_ONLY.matches(last)
                ? "%s: the server has taken no writes for %d s (giveUpAfter): %s. What was committed is kept; nothing else was changed. Promote it, make it writable again, or give the address of the primary; then run again, and it goes on from there."
                        .formatted(step, patience.toSeconds(), last.getMessage())
                : "%s: the connection to the server was lost and could not be had again within %d s (giveUpAfter): %s. What was committed is kept, and capture goes on as soon as the server is there. Run again; it goes on from there."
                        .formatted(step, patience.toSeconds(), last.getMessage());
    }

    /** Checks that the connection leads to the same server and database, and ends the remains of earlier sessions. */
    private void goOn() throws SQLException, DatabaseException {
        Connection connection = LiquibaseEnvironment.connection(database);
        limit(connection);
        connection.setAutoCommit(true);
        Session session = new Session(connection);
        Optional<String> why = Server.whyNotWritable(session);
        if (why.isPresent()) {
            throw new SQLException("the server that answers takes no writes: " + why.get(), SqlState.READ_ONLY.code());
        }
        Server now = Server.of(session);
        if (server.isOther(now)) {
            throw new PartitionException(
                    "%s: the connection was lost, and what answers at the same address now is %s; the step was begun in %s. Nothing was changed there. Find out where the address leads; if that is where you want the table partitioned, run again."
                            .formatted(step, now, server));
        }
        session.useSearchPath(path);
        Backend ours = Backend.of(session);
        session.whilePinned(() -> {
            replaceEarlierOnes(session, ours);
            return null;
        });
        backends = List.of(ours);
        connection.setAutoCommit(autoCommit);
        connection.setNetworkTimeout(Runnable::run, networkTimeout);
    }

    private void replaceEarlierOnes(Session session, Backend ours) throws SQLException {
        for (Backend backend : backends) {
            if (!backend.equals(ours)) {
                backend.end(session);
            }
        }
        if (signed && !ours.equals(backends.get(0))) {
            new ChangeLogLock(session, database).signAgain(backends.get(0).pid());
        }
    }

    private static void limit(Connection connection) throws SQLException {
        connection.setNetworkTimeout(Runnable::run, LONGEST_ANSWER_MILLISECONDS);
    }

    private void countLife(SQLException lost) {
        boolean shortLife = System.nanoTime() - connectedAt < SHORT_LIVED.toNanos();
        shortLives = shortLife ? shortLives + 1 : 0;
        if (shortLives > SHORT_LIVES) {
            throw new PartitionException(
                    "%s: the connection to the server was lost %d times within a minute of being made: %s. What was committed is kept. Find the cause in the server's log, then run again; it goes on from there."
                            .formatted(step, shortLives, lost.getMessage()),
                    lost);
        }
    }

    private void open(SQLException lost) throws SQLException, DatabaseException {
        DatabaseConnection old = database.getConnection();
        Connection dead = LiquibaseEnvironment.connection(database);
        if (old instanceof PartitionConnection ours && ours.reopen()) {
            closeQuietly(dead);
        } else {
            Optional<Connection> another = new WorkerConnections(old).open();
            if (another.isEmpty() && SqlState.READ_ONLY.matches(lost)) {
                return;
            }
            if (another.isEmpty()) {
                throw new PartitionException(
                        "%s: the connection to the server is lost: %s. It is an application's, which tells no credentials, so it cannot be opened again. What was committed is kept. Run again; it goes on from there."
                                .formatted(step, lost.getMessage()),
                        lost);
            }
            database.setConnection(new JdbcConnection(another.get()));
            closeQuietly(dead);
        }
    }

    private static void closeQuietly(Connection dead) {
        try {
            dead.close();
        } catch (SQLException e) {
            // The earlier connection is gone already, which is why we are here.
        }
    }

    private static Duration min(Duration a, Duration b) {
        return a.compareTo(b) < 0 ? a : b;
    }
}
