package liquibase.ext.partition.engine.swap;

import java.sql.SQLException;
import java.util.ArrayList;
import java.util.List;
import liquibase.ext.partition.engine.sql.Session;
import liquibase.ext.partition.engine.sql.Sql;

/**
 * Where several tables that writers use are locked in one transaction, a writer can hold one and wait for another, while we do the
 * same the other way round. Who has waited for {@code deadlock_timeout} looks for such a circle, and is the one whose statement
 * fails. It must never be the writer: so all our waiting together ends before that.
 */
final class LockPatience {
    /** Milliseconds: the shorter of the attempt's timeout and a part of the time after which a deadlock is looked for. */
    private static final Sql PATIENCE = Sql.of("""
            SELECT least(nullif(l.setting::integer, 0), greatest(d.setting::integer * 6 / 10, 1))
            FROM pg_catalog.pg_settings AS l, pg_catalog.pg_settings AS d
            WHERE l.name = 'lock_timeout' AND d.name = 'deadlock_timeout'""");

    private static final Sql LOCK_TIMEOUT = Sql.of("SELECT pg_catalog.current_setting('lock_timeout')");
    private static final Sql SET_LOCK_TIMEOUT = Sql.of("SELECT pg_catalog.set_config('lock_timeout', {timeout}, true)");

    private LockPatience() {}

    /** Runs statements that lock, in the transaction that is open. */
    static void lock(Session session, List<Sql> statements) throws SQLException {
        String timeout = session.queryStrings(LOCK_TIMEOUT).get(0);
        long until = System.nanoTime() + session.queryLong(PATIENCE) * 1_000_000;
        for (int i = 0; i < statements.size(); i++) {
            long left = Math.max(1, (until - System.nanoTime()) / 1_000_000);
            List<Sql> together = new ArrayList<>();
            together.add(SET_LOCK_TIMEOUT.with("timeout", left + "ms"));
            together.add(statements.get(i));
            if (i == statements.size() - 1) {
                together.add(SET_LOCK_TIMEOUT.with("timeout", timeout));
            }
            session.updateAll(together);
        }
    }
}
