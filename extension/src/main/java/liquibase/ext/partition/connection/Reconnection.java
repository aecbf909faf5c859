package liquibase.ext.partition.connection;

import java.sql.Connection;
import java.sql.SQLException;
import java.time.Duration;
import java.util.Optional;
import java.util.concurrent.ThreadLocalRandom;
import liquibase.database.Database;
import liquibase.database.DatabaseConnection;
import liquibase.database.jvm.JdbcConnection;
import liquibase.exception.DatabaseException;
import liquibase.ext.partition.engine.PartitionException;
import liquibase.ext.partition.engine.run.Report;
import liquibase.ext.partition.engine.sql.Session;
import liquibase.ext.partition.engine.sql.Sql;

/**
 * Gets Liquibase's connection back when the server, or the way to it, was gone for a while. Every step can be run again from the
 * start: it asks the server what is done, and goes on from there.
 *
 * <p>The new connection comes from where workers' connections come from, takes the place of the old one in Liquibase's
 * {@link Database}, and has its {@code search_path}.
 */
public final class Reconnection {
    private static final Duration FIRST_PAUSE = Duration.ofMillis(200);
    private static final Duration LONGEST_PAUSE = Duration.ofSeconds(10);

    /** A connection that is lost this soon again was not worth counting as one. */
    private static final Duration SHORT_LIVED = Duration.ofMinutes(1);

    private static final int SHORT_LIVES = 10;

    private static final Sql WHO = Sql.of("""
            SELECT a.pid, a.backend_start::text AS since, pg_catalog.current_setting('search_path') AS path
            FROM pg_catalog.pg_stat_activity AS a WHERE a.pid = pg_catalog.pg_backend_pid()""");

    private static final Sql SET_PATH = Sql.of("SELECT pg_catalog.set_config('search_path', {path}, false)");

    /** Where only the way was lost, the old backend lives on and has the migration's lock. A role may end its own backends. */
    private static final Sql END = Sql.of("""
            SELECT pg_catalog.pg_terminate_backend(a.pid, 5000)
            FROM pg_catalog.pg_stat_activity AS a WHERE a.pid = {pid} AND a.backend_start = {since}::timestamptz""");

    private record Backend(long pid, String since, String path) {}

    private final Database database;
    private final String step;
    private final Duration patience;
    private final Report report;
    private Backend backend;
    private long connectedAt = System.nanoTime();
    private int shortLives;

    private Reconnection(Database database, String step, Duration patience) throws SQLException, DatabaseException {
        this.database = database;
        this.step = step;
        this.patience = patience;
        this.report = LiquibaseEnvironment.report();
        this.backend = who();
    }

    /**
     * To be made while the connection is there.
     *
     * @param step its name, for the lines
     */
    public static Reconnection of(Database database, String step) throws SQLException, DatabaseException {
        return new Reconnection(database, step, PartitionConfiguration.giveUpAfter());
    }

    /**
     * Waits until there is a connection again. Where it was a worker's that was lost and Liquibase's own is alive, waits a moment only.
     *
     * @param lost what ended the step
     * @throws PartitionException when there is none after {@code giveUpAfter}, when connections are lost as soon as they are made,
     *     or when it is not known how to open one
     */
    public void await(SQLException lost) throws DatabaseException {
        countLife(lost);
        report.line(
                "%s: the connection to the server is lost (%s). What was committed is kept. Trying to connect again for %d s."
                        .formatted(step, firstLine(lost), patience.toSeconds()));
        long begun = System.nanoTime();
        SQLException last = lost;
        for (Duration pause = FIRST_PAUSE; ; pause = min(pause.multipliedBy(2), LONGEST_PAUSE)) {
            sleep(pause);
            try {
                if (!LiquibaseEnvironment.connection(database).isValid(5)) {
                    open(lost);
                    endOldBackend();
                    backend = who();
                }
                connectedAt = System.nanoTime();
                report.line(step + ": connected again; going on.");
                return;
            } catch (SQLException e) {
                last = e;
            }
            if (System.nanoTime() - begun >= patience.toNanos()) {
                throw new PartitionException(
                        "%s: the connection to the server was lost and could not be had again within %d s (giveUpAfter): %s. What was committed is kept, and capture goes on as soon as the server is there. Run again; it goes on from there."
                                .formatted(step, patience.toSeconds(), last.getMessage()),
                        last);
            }
        }
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
            if (another.isEmpty()) {
                throw new PartitionException(
                        "%s: the connection to the server is lost: %s. It is an application's, which tells no credentials, so it cannot be opened again. What was committed is kept. Run again; it goes on from there."
                                .formatted(step, lost.getMessage()),
                        lost);
            }
            database.setConnection(new JdbcConnection(another.get()));
            closeQuietly(dead);
        }
        Connection fresh = LiquibaseEnvironment.connection(database);
        fresh.setAutoCommit(true);
        new Session(fresh).queryStrings(SET_PATH.with("path", backend.path()));
    }

    private void endOldBackend() throws SQLException, DatabaseException {
        new Session(LiquibaseEnvironment.connection(database))
                .queryStrings(END.with("pid", backend.pid()).with("since", backend.since()));
    }

    private Backend who() throws SQLException, DatabaseException {
        return new Session(LiquibaseEnvironment.connection(database))
                .queryFirst(WHO, row -> new Backend(row.getLong("pid"), row.getString("since"), row.getString("path")))
                .orElseThrow();
    }

    private static void closeQuietly(Connection dead) {
        try {
            dead.close();
        } catch (SQLException e) {
            // It is gone already, which is why we are here.
        }
    }

    private static String firstLine(SQLException e) {
        return e.getMessage() == null
                ? "SQLSTATE " + e.getSQLState()
                : e.getMessage().lines().findFirst().orElse("");
    }

    private static Duration min(Duration a, Duration b) {
        return a.compareTo(b) < 0 ? a : b;
    }

    private void sleep(Duration pause) {
        try {
            // Jitter, so that many pipelines do not come back to a restarted server in step.
            long milliseconds = pause.toMillis();
            Thread.sleep(milliseconds / 2 + ThreadLocalRandom.current().nextLong(milliseconds / 2 + 1));
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new PartitionException(step + " was interrupted while it waited for the server.", e);
        }
    }
}
