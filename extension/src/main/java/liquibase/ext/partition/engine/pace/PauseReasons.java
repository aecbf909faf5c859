package liquibase.ext.partition.engine.pace;

import java.sql.SQLException;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import liquibase.ext.partition.engine.DurationText;
import liquibase.ext.partition.engine.PartitionException;
import liquibase.ext.partition.engine.sql.Session;
import liquibase.ext.partition.engine.sql.Sql;
import liquibase.ext.partition.engine.sql.SqlState;

/**
 * The reasons why no work should begin now, in words that can stand after a colon. What cannot be observed counts as
 * too much: a replica that is gone may be the one that fell behind.
 *
 * <p>Must not be called inside a transaction. Sees as much of other sessions and of replicas as the role may see.
 */
public final class PauseReasons {
    /**
     * A replica that has applied everything that was sent reports no lag; a replica whose row the role may not read
     * shows no state.
     */
    private static final Sql REPLICA_LAG = Sql.of("""
            SELECT pg_catalog.count(*) FILTER (WHERE r.state IS NULL OR r.replay_lsn IS NULL) AS unknown, pg_catalog.count(*) AS replicas,
                   coalesce(pg_catalog.max(extract(epoch FROM r.replay_lag)), 0) * 1000 AS milliseconds
            FROM pg_catalog.pg_stat_replication AS r
            WHERE r.state IS DISTINCT FROM 'backup' AND NOT EXISTS (
              SELECT FROM pg_catalog.pg_replication_slots AS s WHERE s.active_pid = r.pid AND s.slot_type = 'logical')
            """);

    /** The view shows little of a session that the role may not look at, not even what kind it is. */
    private static final Sql LOAD = Sql.of("""
            SELECT pg_catalog.count(*) AS sessions, pg_catalog.count(*) FILTER (WHERE a.state IS NULL) AS hidden FROM pg_catalog.pg_stat_activity AS a
            WHERE (a.backend_type = 'client backend' OR a.backend_type IS NULL AND a.usesysid IS NOT NULL)
              AND a.pid <> pg_catalog.pg_backend_pid() AND coalesce(a.state, 'active') = 'active'
              AND a.application_name NOT LIKE 'liquibase-partition %'
            """);

    /** The longest that a user's query may take; after that, the answer counts as yes. */
    private static final Sql QUERY_TIMEOUT = Sql.of("SELECT pg_catalog.set_config('statement_timeout', '10s', true)");

    private static final Sql READ_ONLY = Sql.of("SET TRANSACTION READ ONLY");

    private PauseReasons() {}

    /** All reasons; empty if work may begin. */
    static Optional<String> of(Session session, Pace pace) throws SQLException {
        List<String> reasons = new ArrayList<>();
        pace.window()
                .filter(hours -> !hours.contains(Instant.now()))
                .ifPresent(hours -> reasons.add("it is not between %s (window)".formatted(hours)));
        if (pace.maxReplicaLag().isPresent()) {
            lag(session, pace.maxReplicaLag().get()).ifPresent(reasons::add);
        }
        if (pace.maxLoad().isPresent()) {
            load(session, pace.maxLoad().get()).ifPresent(reasons::add);
        }
        if (pace.throttleQuery().isPresent()) {
            throttled(session, pace.throttleQuery().get()).ifPresent(reasons::add);
        }
        return reasons.isEmpty() ? Optional.empty() : Optional.of(String.join("; ", reasons));
    }

    /** The reason that {@code maxReplicaLag} gives; empty if it gives none. */
    public static Optional<String> lag(Session session, Duration longest) throws SQLException {
        record Lag(long unknown, long replicas, long milliseconds) {}
        Lag lag = session.queryFirst(
                        REPLICA_LAG,
                        row -> new Lag(row.getLong("unknown"), row.getLong("replicas"), row.getLong("milliseconds")))
                .orElseThrow();
        if (lag.replicas() == 0) {
            return Optional.of("no replica is connected, so its lag cannot be observed (maxReplicaLag)");
        }
        if (lag.unknown() > 0) {
            return Optional.of(
                    "the lag of %d of %d replicas cannot be observed (maxReplicaLag); if it is for want of rights, GRANT pg_monitor to this role"
                            .formatted(lag.unknown(), lag.replicas()));
        }
        return lag.milliseconds() > longest.toMillis()
                ? Optional.of("a replica is %s behind, more than %s (maxReplicaLag)"
                        .formatted(
                                DurationText.words(Duration.ofMillis(lag.milliseconds())), DurationText.words(longest)))
                : Optional.empty();
    }

    /** The reason that {@code maxLoad} gives; empty if it gives none. */
    public static Optional<String> load(Session session, long most) throws SQLException {
        record Load(long sessions, long hidden) {}
        Load load = session.queryFirst(LOAD, row -> new Load(row.getLong("sessions"), row.getLong("hidden")))
                .orElseThrow();
        if (load.sessions() <= most) {
            return Optional.empty();
        }
        String active = "%,d sessions are active, more than %,d (maxLoad)".formatted(load.sessions(), most);
        return Optional.of(
                load.hidden() == 0
                        ? active
                        : active
                                + "; of %,d it is not shown whether they are: GRANT pg_monitor to this role"
                                        .formatted(load.hidden()));
    }

    /**
     * A query that fails counts as yes, because it might have said so.
     *
     * @throws PartitionException if the query can never succeed: it is not SQL, names an object that does not exist, or
     *     writes
     */
    private static Optional<String> throttled(Session session, String query) throws SQLException {
        try {
            boolean yes = session.onCallersPath(() -> {
                session.update(READ_ONLY);
                session.queryStrings(QUERY_TIMEOUT);
                return session.queryBoolean(Sql.raw(query));
            });
            return yes ? Optional.of("throttleQuery says so") : Optional.empty();
        } catch (SQLException e) {
            if (e.getSQLState() != null && (e.getSQLState().startsWith("42") || SqlState.READ_ONLY.matches(e))) {
                throw new PartitionException(
                        "throttleQuery cannot be run: %s. What is copied is kept, and capture goes on. Correct it, then run update again."
                                .formatted(e.getMessage()),
                        e);
            }
            if (e.getSQLState() == null || e.getSQLState().startsWith("08")) {
                throw e;
            }
            return Optional.of("throttleQuery failed (%s)".formatted(e.getMessage()));
        }
    }
}
