package liquibase.ext.partition.engine.run;

import java.sql.SQLException;
import java.time.Duration;
import java.util.concurrent.ThreadLocalRandom;
import liquibase.ext.partition.engine.PartitionException;
import liquibase.ext.partition.engine.sql.QualifiedName;
import liquibase.ext.partition.engine.sql.Session;
import liquibase.ext.partition.engine.sql.Sql;
import liquibase.ext.partition.engine.sql.SqlState;

/**
 * How to take a lock that makes writers wait: a short {@code lock_timeout}, a pause, again. While a lock is waited for, every
 * later writer queues behind the one who waits; so a queue never grows for longer than one attempt. There is no last attempt
 * without a timeout.
 *
 * @param timeout of one attempt
 * @param attempts at least 1
 */
public record LockPolicy(Duration timeout, int attempts) {
    /** One second is short enough that callers with ordinary timeouts survive the queue that one attempt makes. */
    public static final Duration DEFAULT_TIMEOUT = Duration.ofSeconds(1);

    /** With the default timeout and the growing pauses, about 25 minutes. */
    public static final int DEFAULT_ATTEMPTS = 30;

    /** The pause doubles from one timeout to this many. */
    private static final int LONGEST_PAUSE_IN_TIMEOUTS = 60;

    private static final Sql SET_LOCK_TIMEOUT =
            Sql.of("SELECT pg_catalog.set_config('lock_timeout', {milliseconds}, true)");

    private static final Sql HOLDERS = Sql.of("""
            SELECT format('pid %s (%s, %s, for %s): %s', a.pid, coalesce(nullif(a.application_name, ''), 'no application_name'),
                          a.state, date_trunc('second', clock_timestamp() - coalesce(a.xact_start, a.state_change)),
                          left(regexp_replace(a.query, '\\s+', ' ', 'g'), 80))
            FROM pg_catalog.pg_locks AS l
            JOIN pg_catalog.pg_stat_activity AS a ON a.pid = l.pid
            WHERE l.locktype = 'relation' AND l.relation = to_regclass({table}) AND l.granted
              AND l.database = (SELECT oid FROM pg_catalog.pg_database WHERE datname = current_database())
              AND l.pid <> pg_backend_pid()
            ORDER BY a.xact_start NULLS LAST
            LIMIT 3
            """);

    public LockPolicy {
        if (attempts < 1) {
            throw new IllegalArgumentException("lockAttempts is " + attempts + "; it must be 1 or more.");
        }
        if (timeout.isNegative() || timeout.isZero()) {
            throw new IllegalArgumentException("lockTimeout is " + timeout + "; it must be longer than nothing.");
        }
    }

    /** What is done between two attempts, outside any transaction. */
    @FunctionalInterface
    public interface Between {
        void run() throws SQLException;
    }

    /**
     * Runs {@code work}, which takes the lock first thing, in a transaction of its own with the attempt's
     * {@code lock_timeout}. When the lock is not given the transaction is rolled back, {@code between} is run, and after a
     * pause the work is tried again.
     *
     * @param unchanged a sentence for the error: what is as it was
     * @throws LockNotAvailable after the last attempt, naming who holds the lock
     */
    public <T> T inTransaction(
            Session session,
            Report report,
            QualifiedName table,
            String unchanged,
            Session.Work<T> work,
            Between between)
            throws SQLException {
        for (int attempt = 1; ; attempt++) {
            try {
                return session.inTransaction(() -> {
                    session.queryStrings(setTimeout());
                    return work.run();
                });
            } catch (SQLException e) {
                if (!SqlState.LOCK_NOT_AVAILABLE.matches(e) && !SqlState.DEADLOCK_DETECTED.matches(e)) {
                    throw e;
                }
                String holders = holders(session, table);
                if (attempt == attempts) {
                    throw new LockNotAvailable(
                            "Could not lock %s within %s in %d attempts. %s Held by %s. End that session, or raise lockTimeout or lockAttempts; then run update again."
                                    .formatted(table, words(timeout), attempts, unchanged, holders),
                            e);
                }
                report.line("Lock on %s not given within %s (attempt %d of %d); held by %s"
                        .formatted(table, words(timeout), attempt, attempts, holders));
                between.run();
                pause(attempt);
            }
        }
    }

    /** The statement that sets the timeout for the transaction it is run in. */
    public Sql setTimeout() {
        return SET_LOCK_TIMEOUT.with("milliseconds", timeout.toMillis() + "ms");
    }

    /** How long all attempts and the pauses between them take together, at most. */
    public Duration patience() {
        Duration patience = timeout;
        for (int attempt = 1; attempt < attempts; attempt++) {
            patience = patience.plus(longestPause(attempt)).plus(timeout);
        }
        return patience;
    }

    private Duration longestPause(int attempt) {
        return timeout.multipliedBy(Math.min(1L << Math.min(attempt - 1, 20), LONGEST_PAUSE_IN_TIMEOUTS));
    }

    private void pause(int attempt) {
        long milliseconds = longestPause(attempt).toMillis();
        // Jitter, so that we do not come back in step with a periodic job.
        long jittered = milliseconds / 2 + ThreadLocalRandom.current().nextLong(milliseconds / 2 + 1);
        try {
            Thread.sleep(jittered);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new PartitionException(
                    "Interrupted while waiting to try for the lock again. Nothing was changed.", e);
        }
    }

    private static String holders(Session session, QualifiedName table) throws SQLException {
        var holders = session.queryStrings(HOLDERS.with("table", table.quoted()));
        return holders.isEmpty() ? "nobody now (it was just released)" : String.join("; ", holders);
    }

    private static String words(Duration duration) {
        return duration.toMillis() % 1000 == 0 ? duration.toSeconds() + " s" : duration.toMillis() + " ms";
    }
}
