package liquibase.ext.partition.engine.belonging.sequences;

import java.sql.SQLException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import liquibase.ext.partition.engine.Pause;
import liquibase.ext.partition.engine.sql.Session;
import liquibase.ext.partition.engine.sql.Sql;

/**
 * Transactions that began before two sequences exchanged their names, and may still know them by their former ones.
 *
 * @param patience how long to wait for them
 */
record OlderTransactions(Session session, Duration patience) {
    /** Open transactions of other sessions of this database. Those of autovacuum have no user, and ask no sequence. */
    private static final Sql TRANSACTIONS = Sql.of("""
            SELECT l.virtualtransaction
            FROM pg_catalog.pg_locks AS l
            JOIN pg_catalog.pg_stat_activity AS a ON a.pid = l.pid
            WHERE l.locktype = 'virtualxid' AND l.granted AND l.pid <> pg_catalog.pg_backend_pid()
              AND a.datname = pg_catalog.current_database() AND a.usesysid IS NOT NULL""");

    private static final Duration PAUSE = Duration.ofMillis(20);

    /**
     * Waits for the transactions that are open now. A transaction that began before the names were exchanged can have
     * the old meaning of the name in its cache, or wait for the sequence that the name denoted.
     *
     * @return false if one of them is still open when the patience is over
     */
    boolean end() throws SQLException {
        List<String> older = new ArrayList<>(session.queryStrings(TRANSACTIONS));
        long begun = System.nanoTime();
        while (!older.isEmpty()) {
            if (System.nanoTime() - begun > patience.toNanos()) {
                return false;
            }
            Pause.of(
                    PAUSE,
                    "Interrupted while waiting for older transactions. Run the same command again; it goes on from here.");
            older.retainAll(session.queryStrings(TRANSACTIONS));
        }
        return true;
    }
}
