package liquibase.ext.partition.engine.lock;

import java.sql.SQLException;
import java.time.Duration;
import java.util.Optional;
import liquibase.ext.partition.engine.PartitionException;
import liquibase.ext.partition.engine.Pause;
import liquibase.ext.partition.engine.Report;
import liquibase.ext.partition.engine.sql.QualifiedName;
import liquibase.ext.partition.engine.sql.Session;
import liquibase.ext.partition.engine.sql.Sql;

/**
 * A session advisory lock per table, so that one runner at a time works on it. DATABASECHANGELOGLOCK alone is not
 * enough, because people free it with {@code release-locks} while a copy runs. The lock belongs to the session and not
 * to a transaction, because the first commit would end a transaction's lock.
 */
public final class MigrationLock implements AutoCloseable {
    private static final Sql TRY_LOCK =
            Sql.of("SELECT pg_catalog.pg_try_advisory_lock(pg_catalog.hashtextextended({label}, 0))");

    private static final Sql UNLOCK =
            Sql.of("SELECT pg_catalog.pg_advisory_unlock(pg_catalog.hashtextextended({label}, 0))");

    private static final Sql HOLDER = Sql.of("""
            SELECT pg_catalog.format('pid %s (%s from %s, connected since %s)', a.pid,
                          coalesce(nullif(a.application_name, ''), 'no application_name'),
                          coalesce(a.client_hostname, pg_catalog.host(a.client_addr), 'a local socket'), pg_catalog.date_trunc('second', a.backend_start))
            FROM pg_catalog.pg_locks AS l
            JOIN pg_catalog.pg_stat_activity AS a ON a.pid = l.pid
            CROSS JOIN (SELECT pg_catalog.hashtextextended({label}, 0) AS key) AS k
            WHERE l.locktype = 'advisory' AND l.objsubid = 1 AND l.granted
              AND l.database = (SELECT oid FROM pg_catalog.pg_database WHERE datname = pg_catalog.current_database())
              AND l.classid = ((k.key >> 32) & 4294967295)::pg_catalog.oid AND l.objid = (k.key & 4294967295)::pg_catalog.oid
            """);

    private static final Duration TELL_EVERY = Duration.ofSeconds(10);
    private static final Duration POLL_EVERY = Duration.ofMillis(500);

    private final Session session;
    private final String label;

    private MigrationLock(Session session, String label) {
        this.session = session;
        this.label = label;
    }

    /** @throws PartitionException that names another session, when that one has the lock and is not to be waited for */
    public static MigrationLock take(Session session, QualifiedName source, String step, OnBusy onBusy, Report report)
            throws SQLException {
        String label = label(source);
        long told = System.nanoTime() - TELL_EVERY.toNanos();
        while (!session.queryBoolean(TRY_LOCK.with("label", label))) {
            String holder = holder(session, source).orElse("a session that has just ended");
            if (onBusy == OnBusy.WAIT) {
                if (System.nanoTime() - told >= TELL_EVERY.toNanos()) {
                    report.line("%s: waiting for another runner at work on %s: %s.".formatted(step, source, holder));
                    told = System.nanoTime();
                }
                Pause.of(POLL_EVERY, step + " was interrupted while it waited for another runner.");
                continue;
            }
            throw new PartitionException(
                    "%s: another runner is at work on %s: %s. Nothing was changed by this one. Wait until it has ended and run update again; if it is a leftover, end it with pg_terminate_backend."
                            .formatted(step, source, holder));
        }
        return new MigrationLock(session, label);
    }

    /** A description of the session that is at work on a table; empty if there is none. Takes no lock. */
    public static Optional<String> holder(Session session, QualifiedName source) throws SQLException {
        return session.queryFirst(HOLDER.with("label", label(source)), row -> row.getString(1));
    }

    private static String label(QualifiedName source) {
        return "liquibase-partition " + source.quoted();
    }

    @Override
    public void close() throws SQLException {
        session.queryBoolean(UNLOCK.with("label", label));
    }
}
