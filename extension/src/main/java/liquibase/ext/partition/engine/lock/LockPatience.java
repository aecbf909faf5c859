package liquibase.ext.partition.engine.lock;

import java.sql.SQLException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import liquibase.ext.partition.engine.sql.QualifiedName;
import liquibase.ext.partition.engine.sql.Session;
import liquibase.ext.partition.engine.sql.Sql;
import liquibase.ext.partition.engine.sql.SqlState;

/**
 * Takes several locks in one transaction.
 *
 * <p>The locks that nobody waits for come first, and the lock that everybody waits for comes last. Once the table that
 * everybody writes is locked, each further lock is waited for only a moment: its holder would hold up all writers of
 * the table.
 *
 * <p>A writer can hold one of the locks and wait for another, while we do the same the other way round. The session
 * that has waited for {@code deadlock_timeout} looks for such a circle, and its statement is the one that fails. This
 * must never be the writer's, so all our waiting for tables that are in use ends before that time.
 *
 * <p>Transaction: the caller's, with the {@code lock_timeout} of an attempt. Afterwards the timeout is that moment,
 * until the transaction ends.
 */
public final class LockPatience {
    /**
     * The timeout for every lock that is taken once writers wait: long enough for transactions that read or write a few
     * rows.
     */
    private static final Duration MOMENT = Duration.ofMillis(100);

    /** The timeout is this part of the attempt's timeout if that is longer. */
    private static final int MOMENTS_IN_TIMEOUT = 4;

    /** In milliseconds: the attempt's timeout, and a part of the time after which the server looks for a deadlock. */
    private static final Sql PATIENCE = Sql.of("""
            SELECT l.setting::pg_catalog.int8 AS timeout,
                   greatest(d.setting::pg_catalog.int8 * 6 / 10, 1) AS undisturbed
            FROM pg_catalog.pg_settings AS l, pg_catalog.pg_settings AS d
            WHERE l.name = 'lock_timeout' AND d.name = 'deadlock_timeout'""");

    private static final Sql SET_LOCK_TIMEOUT = Sql.of("SELECT pg_catalog.set_config('lock_timeout', {timeout}, true)");

    private record Patience(long timeout, long undisturbed) {}

    private LockPatience() {}

    /**
     * Takes the locks in their order.
     *
     * @param live the table that everybody writes
     * @return the {@link System#nanoTime} at which the first lock on {@code live} was granted
     */
    public static long lock(Session session, List<Lock> locks, QualifiedName live) throws SQLException {
        Patience patience = session.queryFirst(
                        PATIENCE, row -> new Patience(row.getLong("timeout"), row.getLong("undisturbed")))
                .orElseThrow();
        long timeout = patience.timeout() == 0 ? patience.undisturbed() : patience.timeout();
        long moment = Math.max(MOMENT.toMillis(), timeout / MOMENTS_IN_TIMEOUT);
        boolean several = locks.stream().filter(lock -> !lock.idle()).count() > 1;
        long deadline = 0;
        long lockedAt = 0;
        for (int i = 0; i < locks.size(); i++) {
            Lock lock = locks.get(i);
            long left = timeout;
            if (several && !lock.idle()) {
                long now = System.nanoTime();
                if (deadline == 0) {
                    deadline = now + Math.min(timeout, patience.undisturbed()) * 1_000_000;
                }
                left = Math.max(1, (deadline - now) / 1_000_000);
            }
            if (lockedAt != 0 && !lock.relation().equals(live)) {
                left = Math.min(left, moment);
            }
            List<Sql> together = new ArrayList<>(List.of(setLockTimeout(left), lock.statement()));
            if (i == locks.size() - 1) {
                together.add(setLockTimeout(moment));
            }
            take(session, lock, together);
            if (lockedAt == 0 && lock.relation().equals(live)) {
                lockedAt = System.nanoTime();
            }
        }
        return lockedAt == 0 ? System.nanoTime() : lockedAt;
    }

    /** Takes a lock that nobody minds, before other locks; leaves the lock timeout as it is. */
    public static void lockIdle(Session session, Lock lock) throws SQLException {
        take(session, lock, List.of(lock.statement()));
    }

    private static void take(Session session, Lock lock, List<Sql> statements) throws SQLException {
        try {
            session.updateAll(statements);
        } catch (SQLException e) {
            throw SqlState.isLockNotGiven(e) ? LockNotGiven.of(lock, e) : e;
        }
    }

    private static Sql setLockTimeout(long milliseconds) {
        return SET_LOCK_TIMEOUT.with("timeout", milliseconds + "ms");
    }
}
