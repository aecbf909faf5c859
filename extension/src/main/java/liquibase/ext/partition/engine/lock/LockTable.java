package liquibase.ext.partition.engine.lock;

import java.sql.SQLException;
import liquibase.ext.partition.engine.sql.Session;
import liquibase.ext.partition.engine.sql.Sql;

/**
 * The server's shared lock table. Each partition and each of its indexes that a transaction touches takes a place.
 *
 * @param capacity {@code max_locks_per_transaction * (max_connections + max_prepared_transactions)}, the size that the
 *     manual gives
 * @param used the places that are taken now
 * @see <a href="https://www.postgresql.org/docs/current/runtime-config-locks.html">Lock management</a>
 */
public record LockTable(long capacity, long used) {
    private static final Sql READ = Sql.of("""
            SELECT pg_catalog.current_setting('max_locks_per_transaction')::bigint
                     * (pg_catalog.current_setting('max_connections')::bigint + pg_catalog.current_setting('max_prepared_transactions')::bigint)
                     AS capacity,
                   (SELECT pg_catalog.count(*) FROM pg_catalog.pg_locks) AS used
            """);

    public static LockTable read(Session session) throws SQLException {
        return session.queryFirst(READ, row -> new LockTable(row.getLong("capacity"), row.getLong("used")))
                .orElseThrow();
    }

    public boolean hasRoomFor(long locks) {
        return used + locks <= capacity;
    }
}
