package liquibase.ext.partition.engine.lock;

import java.sql.SQLException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import liquibase.ext.partition.engine.DurationText;
import liquibase.ext.partition.engine.Pause;
import liquibase.ext.partition.engine.Report;
import liquibase.ext.partition.engine.catalog.PartitionTree;
import liquibase.ext.partition.engine.sql.QualifiedName;
import liquibase.ext.partition.engine.sql.Session;
import liquibase.ext.partition.engine.sql.Sql;
import liquibase.ext.partition.engine.sql.SqlState;

/**
 * How to take a lock that makes writers wait: a short {@code lock_timeout}, a pause, again. While a session waits for a
 * lock, every later writer queues behind it; so with this policy a queue never grows for longer than one attempt. There
 * is no last attempt without a timeout.
 *
 * <p>Timeouts and pauses grow, after the schedule of GitLab's {@code with_lock_retries}: most locks are free within a
 * tenth of a second, and a session that holds one for long holds it for minutes.
 *
 * @param timeout the timeout of the longest attempts; the first attempt has a tenth of it, and the tenth is the first
 *     to have all of it
 * @param attempts at least 1
 */
public record LockPolicy(Duration timeout, int attempts) {
    /** One second is short enough that callers with ordinary timeouts survive the queue of one attempt. */
    public static final Duration DEFAULT_TIMEOUT = Duration.ofSeconds(1);

    /** With the default timeout and the growing pauses, all attempts take between half an hour and three quarters. */
    public static final int DEFAULT_ATTEMPTS = 40;

    /** From this attempt on, the timeout has its full length. */
    private static final int GROWING_ATTEMPTS = 10;

    /** The pause doubles from half a timeout up to this many timeouts. */
    private static final int LONGEST_PAUSE_IN_TIMEOUTS = 80;

    private static final Sql SET_LOCK_TIMEOUT =
            Sql.of("SELECT pg_catalog.set_config('lock_timeout', {milliseconds}, true)");

    /**
     * Between two statements under such a lock there is no more than a round trip. If it takes longer, the client is
     * gone, and the server may not know it: without a limit it would keep the lock for hours.
     */
    private static final Duration LONGEST_IDLE = Duration.ofSeconds(2);

    private static final Sql SET_IDLE_TIMEOUT =
            Sql.of("SELECT pg_catalog.set_config('idle_in_transaction_session_timeout', {milliseconds}, true)");

    private static final Sql HOLDERS = Sql.of("""
            SELECT pg_catalog.format('pid %s (%s, %s, for %s): %s', a.pid, coalesce(nullif(a.application_name, ''), 'no application_name'),
                          a.state, pg_catalog.date_trunc('second', pg_catalog.clock_timestamp() - coalesce(a.xact_start, a.state_change)),
                          pg_catalog.left(pg_catalog.regexp_replace(a.query, '\\s+', ' ', 'g'), 80))
                   || CASE WHEN pg_catalog.bool_or(l.relation = pg_catalog.to_regclass({table})) THEN ''
                           ELSE pg_catalog.format(' (which uses %s)', pg_catalog.min(l.relation::pg_catalog.regclass::pg_catalog.text)) END
            FROM pg_catalog.pg_locks AS l
            JOIN pg_catalog.pg_stat_activity AS a ON a.pid = l.pid
            WHERE l.locktype = 'relation' AND l.granted
              AND l.relation IN ({tree})
              AND l.database = (SELECT oid FROM pg_catalog.pg_database WHERE datname = pg_catalog.current_database())
              AND l.pid <> pg_catalog.pg_backend_pid() AND ({readers} OR l.mode NOT IN ('AccessShareLock', 'RowShareLock'))
            GROUP BY a.pid, a.application_name, a.state, a.xact_start, a.state_change, a.query
            ORDER BY a.xact_start NULLS LAST
            LIMIT 3
            """).with("tree", PartitionTree.OF_TABLE);

    public LockPolicy {
        if (attempts < 1) {
            throw new IllegalArgumentException("lockAttempts is " + attempts + "; it must be 1 or more.");
        }
        if (timeout.isNegative() || timeout.isZero()) {
            throw new IllegalArgumentException("lockTimeout is " + timeout + "; it must be longer than nothing.");
        }
    }

    /** Runs between two attempts, right before the second one, outside any transaction. */
    @FunctionalInterface
    public interface Between {
        void run() throws SQLException;

        /**
         * Called right after an attempt has failed, outside any transaction.
         *
         * @param pause the time until the next attempt
         */
        default void refused(Duration pause) throws SQLException {}
    }

    /**
     * Runs {@code work}, which must begin by taking the lock, in a transaction of its own with the attempt's
     * {@code lock_timeout}. If the lock is not granted, the transaction is rolled back; after a pause, {@code between}
     * runs and the work is tried again.
     *
     * @param table the table to name if the work does not say which lock was not granted, as {@link LockPatience} does
     * @param unchanged a sentence for the error that says what is as it was
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
            int number = attempt;
            try {
                return session.inTransaction(() -> {
                    session.queryStrings(setTimeout(timeout(number)));
                    session.queryStrings(SET_IDLE_TIMEOUT.with("milliseconds", LONGEST_IDLE.toMillis() + "ms"));
                    return work.run();
                });
            } catch (SQLException e) {
                if (!SqlState.isLockNotGiven(e)) {
                    throw e;
                }
                Lock wanted = wanted(e, table);
                String holders = holders(session, wanted);
                if (attempt == attempts) {
                    throw new LockNotAvailable(
                            "Could not lock %s in %d attempts of up to %s. %s Held by %s. End that, or raise lockTimeout or lockAttempts; then run update again."
                                    .formatted(
                                            wanted.relation(),
                                            attempts,
                                            DurationText.words(timeout),
                                            unchanged,
                                            holders),
                            e);
                }
                report.line("Lock on %s not given within %s (attempt %d of %d); held by %s"
                        .formatted(
                                wanted.relation(), DurationText.words(timeout(attempt)), attempt, attempts, holders));
                Duration pause = Pause.withJitter(longestPause(attempt));
                between.refused(pause);
                Pause.of(pause, "Interrupted while waiting to try for the lock again. Nothing was changed.");
                between.run();
            }
        }
    }

    /** The statement that sets the longest timeout for its transaction. */
    public Sql setTimeout() {
        return setTimeout(timeout);
    }

    private static Sql setTimeout(Duration timeout) {
        return SET_LOCK_TIMEOUT.with("milliseconds", timeout.toMillis() + "ms");
    }

    /** How long that attempt waits for each lock; the first attempt is number 1, and the last one waits the longest. */
    Duration timeout(int attempt) {
        int growing = Math.min(GROWING_ATTEMPTS, attempts);
        Duration grown = timeout.multipliedBy(Math.min(attempt, growing)).dividedBy(growing);
        // Zero would mean no timeout at all.
        return grown.toMillis() < 1 ? Duration.ofMillis(1) : grown;
    }

    /** How long all attempts and the pauses between them take together at most. */
    public Duration patience() {
        Duration patience = timeout(attempts);
        for (int attempt = 1; attempt < attempts; attempt++) {
            patience = patience.plus(timeout(attempt)).plus(longestPause(attempt));
        }
        return patience;
    }

    private Duration longestPause(int attempt) {
        return timeout.multipliedBy(Math.min(1L << Math.min(attempt - 1, 20), 2L * LONGEST_PAUSE_IN_TIMEOUTS))
                .dividedBy(2);
    }

    private static Lock wanted(SQLException e, QualifiedName table) {
        return e instanceof LockNotGiven known && known.lock().isPresent()
                ? known.lock().get()
                : Lock.againstAll(table);
    }

    private static String holders(Session session, Lock wanted) throws SQLException {
        List<String> holders =
                new ArrayList<>(PreparedTransactions.holding(session, wanted.relation(), wanted.readers()));
        holders.addAll(session.queryStrings(
                HOLDERS.with("table", wanted.relation().quoted()).with("readers", wanted.readers())));
        return holders.isEmpty() ? "nobody now (it was just released)" : String.join("; ", holders);
    }
}
