package liquibase.ext.partition.engine.swap;

import java.sql.SQLException;
import java.time.Duration;
import java.util.List;
import liquibase.ext.partition.engine.PartitionException;
import liquibase.ext.partition.engine.run.StepRun;
import liquibase.ext.partition.engine.sql.QualifiedName;
import liquibase.ext.partition.engine.sql.Session;
import liquibase.ext.partition.engine.sql.Sql;

/**
 * Transactions that read by a snapshot (REPEATABLE READ, SERIALIZABLE) older than the rows that a replay has just committed. Under
 * the live name they would find these rows missing after the switch, and no error would tell them.
 *
 * <p>Waits outside any lock. Who holds a lock on the table itself is left to the lock policy: the switch cannot come before that one
 * has ended. A READ COMMITTED transaction can be waited for too, as long as its client has not finished with a result. Sees the sessions that the current role may see: all of them as a superuser or a member of
 * {@code pg_read_all_stats}, else those of roles that it is a member of.
 */
final class OldSnapshots {
    /** A snapshot that begins with the next transaction id, or that is taken later, sees everything that has committed by now. */
    private static final Sql NOW = Sql.of("""
            SELECT clock_timestamp()::text AS since, pg_snapshot_xmax(pg_current_snapshot())::xid::text AS next""");

    private static final Sql OLDER = Sql.of("""
            SELECT format('pid %s (%s, %s, for %s): %s', a.pid, coalesce(nullif(a.application_name, ''), 'no application_name'),
                          a.state, date_trunc('second', clock_timestamp() - a.xact_start),
                          left(regexp_replace(a.query, '\\s+', ' ', 'g'), 80))
            FROM pg_catalog.pg_stat_activity AS a
            WHERE a.datname = current_database() AND a.backend_type = 'client backend' AND a.pid <> pg_backend_pid()
              AND a.xact_start < {since}::timestamptz AND age(a.backend_xmin) > age({next}::xid)
              AND NOT EXISTS (SELECT FROM pg_catalog.pg_locks AS l
                              WHERE l.pid = a.pid AND l.locktype = 'relation' AND l.relation = to_regclass({table}) AND l.granted)
            ORDER BY a.xact_start
            LIMIT 3""");

    private static final long PAUSE_MILLISECONDS = 200;
    private static final Duration TELL_EVERY = Duration.ofSeconds(10);

    private record Moment(String since, String next) {}

    private OldSnapshots() {}

    /**
     * Waits until every transaction reads by a snapshot that sees what has committed by now.
     *
     * @throws PartitionException when one is still older after {@code patience}
     */
    static void await(StepRun run, QualifiedName table, Duration patience) throws SQLException {
        Session session = run.session();
        Moment now = session.queryFirst(NOW, row -> new Moment(row.getString("since"), row.getString("next")))
                .orElseThrow();
        long begun = System.nanoTime();
        long told = begun - TELL_EVERY.toNanos();
        while (true) {
            List<String> older = session.queryStrings(
                    OLDER.with("since", now.since()).with("next", now.next()).with("table", table.quoted()));
            if (older.isEmpty()) {
                return;
            }
            if (System.nanoTime() - begun >= patience.toNanos()) {
                throw new PartitionException(
                        "Transactions with an older snapshot would find rows missing in %s after the switch: %s. Nothing was renamed and change capture is still on. End these sessions, or raise lockTimeout or lockAttempts; then run update again."
                                .formatted(table, String.join("; ", older)));
            }
            if (System.nanoTime() - told >= TELL_EVERY.toNanos()) {
                run.line("Waiting for transactions with an older snapshot: " + String.join("; ", older));
                told = System.nanoTime();
            }
            pause();
        }
    }

    private static void pause() {
        try {
            Thread.sleep(PAUSE_MILLISECONDS);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new PartitionException("Interrupted while waiting for older transactions. Nothing was renamed.", e);
        }
    }
}
