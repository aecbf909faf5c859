package liquibase.ext.partition.engine.swap;

import java.sql.SQLException;
import java.time.Duration;
import java.util.HashSet;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.stream.Collectors;
import liquibase.ext.partition.engine.DurationText;
import liquibase.ext.partition.engine.PartitionException;
import liquibase.ext.partition.engine.Pause;
import liquibase.ext.partition.engine.run.StepRun;
import liquibase.ext.partition.engine.sql.QualifiedName;
import liquibase.ext.partition.engine.sql.Session;
import liquibase.ext.partition.engine.sql.Sql;

/**
 * Transactions that read by a snapshot (REPEATABLE READ, SERIALIZABLE) older than the rows that a replay has just
 * committed. After the switch they would miss these rows under the live name, and no error would show it.
 *
 * <p>Waits outside any lock. Transactions that hold a lock on the table itself are left to the lock policy: the switch
 * cannot come before they have ended. A READ COMMITTED transaction may be waited for too, as long as its client has not
 * finished with a result. Sees the sessions that the current role may see: all of them as a superuser or a member of
 * {@code pg_read_all_stats}, else those of roles that it is a member of. Sessions of a replica are invisible: with
 * {@code hot_standby_feedback} the oldest of them is known, some seconds late, and without it nothing is. So people are
 * told.
 */
public final class OldSnapshots {
    /**
     * A snapshot that begins with the next transaction id, or is taken later, sees everything that has committed by
     * now.
     */
    private static final Sql NOW = Sql.of("""
            SELECT pg_catalog.clock_timestamp()::pg_catalog.text AS since, pg_catalog.pg_snapshot_xmax(pg_catalog.pg_current_snapshot())::pg_catalog.xid::pg_catalog.text AS next,
                   ARRAY(SELECT l.virtualtransaction
                         FROM pg_catalog.pg_locks AS l JOIN pg_catalog.pg_stat_activity AS a ON a.pid = l.pid
                         WHERE l.locktype = 'virtualxid' AND l.granted AND a.datname = pg_catalog.current_database()
                           AND a.usesysid IS NOT NULL AND a.backend_type IS NULL) AS hidden""");

    private static final Sql OLDER = Sql.of("""
            SELECT pg_catalog.concat_ws(' ', a.pid, a.xact_start, hidden.virtualtransaction) AS transaction,
                   CASE WHEN hidden.virtualtransaction IS NULL
                        THEN pg_catalog.format('pid %s (%s, %s, for %s): %s', a.pid, coalesce(nullif(a.application_name, ''), 'no application_name'),
                               a.state, pg_catalog.date_trunc('second', pg_catalog.clock_timestamp() - a.xact_start),
                               pg_catalog.left(pg_catalog.regexp_replace(a.query, '\\s+', ' ', 'g'), 80))
                        ELSE pg_catalog.format('pid %s (%s, of role %s; what it runs is shown to members of pg_read_all_stats)', a.pid,
                               coalesce(nullif(a.application_name, ''), 'no application_name'), a.usename) END AS description
            FROM pg_catalog.pg_stat_activity AS a
            LEFT JOIN pg_catalog.pg_locks AS hidden
              ON hidden.pid = a.pid AND hidden.locktype = 'virtualxid' AND hidden.granted AND a.backend_type IS NULL
                AND hidden.virtualtransaction = ANY ({hidden}::pg_catalog.text[])
            WHERE a.datname = pg_catalog.current_database() AND a.pid <> pg_catalog.pg_backend_pid()
              AND (a.backend_type = 'client backend' AND a.xact_start < {since}::pg_catalog.timestamptz OR hidden.virtualtransaction IS NOT NULL)
              AND pg_catalog.age(a.backend_xmin) > pg_catalog.age({next}::pg_catalog.xid)
              AND NOT EXISTS (SELECT FROM pg_catalog.pg_locks AS l
                              WHERE l.pid = a.pid AND l.locktype = 'relation' AND l.relation = pg_catalog.to_regclass({table}) AND l.granted)
            ORDER BY a.xact_start""");

    /** Counts neither subscribers, which have no sessions of ours to wait for, nor base backups. */
    private static final Sql REPLICAS = Sql.of("""
            SELECT pg_catalog.count(*) FROM pg_catalog.pg_stat_replication AS r
            WHERE r.state IS DISTINCT FROM 'backup'
              AND NOT EXISTS (SELECT FROM pg_catalog.pg_replication_slots AS s WHERE s.active_pid = r.pid AND s.slot_type = 'logical')""");

    private static final int NAMED = 3;
    private static final Duration PAUSE = Duration.ofMillis(200);
    private static final Duration TELL_EVERY = Duration.ofSeconds(10);

    /** @param hidden transactions whose beginning cannot be seen */
    private record Moment(String since, String next, List<String> hidden) {}

    /** @param left those that are older still after the patience */
    private record Wait(boolean waited, List<Older> left) {}

    /** @param transaction an identifier that stays the same as long as it lasts */
    private record Older(String transaction, String description) {}

    private final StepRun run;
    private final QualifiedName table;
    private final Duration patience;
    private final OnOldTransactions then;
    /** Transactions that outlasted an earlier wait, and are not waited for again. */
    private final Set<String> passed = new HashSet<>();

    private boolean toldOfReplicas;

    /** @param table the live table */
    OldSnapshots(StepRun run, QualifiedName table, SwapSettings settings) {
        this(run, table, settings.waitForOldTransactions(), settings.onOldTransactions());
    }

    private OldSnapshots(StepRun run, QualifiedName table, Duration patience, OnOldTransactions then) {
        this.run = run;
        this.table = table;
        this.patience = patience;
        this.then = then;
    }

    /**
     * Waits until every transaction reads by a snapshot that sees everything that has committed by now.
     *
     * @param table the live table
     * @return those that are older still after the patience, for people; empty if there are none
     */
    public static Optional<String> await(StepRun run, QualifiedName table, Duration patience) throws SQLException {
        List<Older> left = new OldSnapshots(run, table, patience, OnOldTransactions.STOP)
                .awaitEnd()
                .left();
        return left.isEmpty() ? Optional.empty() : Optional.of(named(left));
    }

    /**
     * Waits until every transaction reads by a snapshot that sees everything that has committed by now. If the patience
     * is over before, goes on only if the settings say so.
     *
     * @return whether it had to wait, so that rows may have been written meanwhile
     * @throws PartitionException when a transaction is still older after the patience, and the settings do not say to
     *     go on
     */
    boolean await() throws SQLException {
        Wait wait = awaitEnd();
        if (!wait.left().isEmpty()) {
            give(wait.left());
        }
        return wait.waited();
    }

    private Wait awaitEnd() throws SQLException {
        Session session = run.session();
        tellOfReplicas(session);
        Moment now = session.queryFirst(
                        NOW,
                        row -> new Moment(row.getString("since"), row.getString("next"), List.of((String[])
                                row.getArray("hidden").getArray())))
                .orElseThrow();
        long begun = System.nanoTime();
        long told = begun - TELL_EVERY.toNanos();
        for (boolean waited = false; ; waited = true) {
            List<Older> older = older(session, now);
            if (older.isEmpty()) {
                return new Wait(waited, older);
            }
            if (System.nanoTime() - begun >= patience.toNanos()) {
                return new Wait(true, older);
            }
            if (System.nanoTime() - told >= TELL_EVERY.toNanos()) {
                run.line("Waiting for transactions with an older snapshot, for up to %s: %s"
                        .formatted(DurationText.words(patience), named(older)));
                told = System.nanoTime();
            }
            Pause.of(
                    PAUSE,
                    "Interrupted while waiting for older transactions. Nothing was renamed. Run the same command again.");
        }
    }

    private void tellOfReplicas(Session session) throws SQLException {
        if (toldOfReplicas) {
            return;
        }
        toldOfReplicas = true;
        long replicas = session.queryLong(REPLICAS);
        if (replicas > 0) {
            run.line(
                    "Replicas are attached (%d). A transaction there that reads by a snapshot from before the switch (REPEATABLE READ, as pg_dump does) cannot be waited for: it finds rows missing in %s, and no error tells it. End such reports first, or begin them again afterwards."
                            .formatted(replicas, table));
        }
    }

    private List<Older> older(Session session, Moment now) throws SQLException {
        Sql query = OLDER.with("since", now.since())
                .with("next", now.next())
                .with("hidden", now.hidden().toArray(String[]::new))
                .with("table", table.quoted());
        return session
                .query(query, row -> new Older(row.getString("transaction"), row.getString("description")))
                .stream()
                .filter(it -> !passed.contains(it.transaction()))
                .toList();
    }

    private void give(List<Older> older) {
        if (then == OnOldTransactions.STOP) {
            throw new PartitionException(
                    "Transactions with an older snapshot would find rows missing in %s after the switch, and did not end within %s: %s. Nothing was renamed and change capture is still on. End these sessions, raise waitForOldTransactions, or set onOldTransactions to goOn if what they read does not matter; then run the same command again."
                            .formatted(table, DurationText.words(patience), named(older)));
        }
        run.line(
                "Transactions with an older snapshot did not end within %s, and onOldTransactions says to go on: %s. Until they end they find rows missing in %s, and no error tells them."
                        .formatted(DurationText.words(patience), named(older), table));
        older.forEach(it -> passed.add(it.transaction()));
    }

    private static String named(List<Older> older) {
        String first = older.stream().limit(NAMED).map(Older::description).collect(Collectors.joining("; "));
        return older.size() <= NAMED ? first : "%s; and %d more".formatted(first, older.size() - NAMED);
    }
}
