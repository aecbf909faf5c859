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

    /** Locks besides those on partitions and their indexes: on state tables, catalogs, sequences and functions. */
    private static final long OTHER_LOCKS = 200;

    public static LockTable read(Session session) throws SQLException {
        return session.queryFirst(READ, row -> new LockTable(row.getLong("capacity"), row.getLong("used")))
                .orElseThrow();
    }

    /**
     * The most locks that the swap can take, which touches every partition and each of its indexes. The first step and
     * {@code plan} use it too, so that no table is copied that cannot be swapped.
     *
     * @param partitions the number of partitions, including the default one
     * @param indexes the number of the table's indexes
     */
    public static long wantedBy(int partitions, int indexes) {
        return (partitions + 1L) * (indexes + 1) + OTHER_LOCKS;
    }

    public boolean hasRoomFor(long locks) {
        return used + locks <= capacity;
    }
}
