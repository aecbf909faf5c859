package liquibase.ext.partition.engine.run;

import java.sql.SQLException;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import liquibase.ext.partition.engine.PartitionException;
import liquibase.ext.partition.engine.sql.QualifiedName;
import liquibase.ext.partition.engine.sql.Session;
import liquibase.ext.partition.engine.sql.Sql;
import liquibase.ext.partition.engine.sql.SqlState;
import liquibase.ext.partition.engine.state.Migrations;

/**
 * Says whether the next chunk may be begun. The coordinator looks about once a second, on its own session, and tells people when
 * work pauses, why, and when it goes on; workers ask before each chunk and wait while it pauses. What is begun is finished.
 *
 * <p>What cannot be observed counts as too much: a replica that is gone may be the one that fell behind.
 */
public final class Throttle {
    private static final Duration TELL_EVERY = Duration.ofSeconds(10);
    private static final long LOOK_EVERY_MILLISECONDS = 1_000;

    /** A replica that has applied all that was sent reports no lag; one whose row a role may not read shows no state. */
    private static final Sql REPLICA_LAG = Sql.of("""
            SELECT count(*) FILTER (WHERE r.state IS NULL OR r.replay_lsn IS NULL) AS unknown, count(*) AS replicas,
                   coalesce(max(extract(epoch FROM r.replay_lag)), 0) * 1000 AS milliseconds
            FROM pg_catalog.pg_stat_replication AS r
            WHERE r.state IS DISTINCT FROM 'backup' AND NOT EXISTS (
              SELECT FROM pg_catalog.pg_replication_slots AS s WHERE s.active_pid = r.pid AND s.slot_type = 'logical')
            """);

    private static final Sql LOAD = Sql.of("""
            SELECT count(*) FROM pg_catalog.pg_stat_activity AS a
            WHERE a.backend_type = 'client backend' AND a.pid <> pg_backend_pid()
              AND coalesce(a.state, 'active') = 'active' AND a.application_name NOT LIKE 'liquibase-partition %'
            """);

    /** The longest that a user's query may take; after it the answer counts as yes. */
    private static final Sql QUERY_TIMEOUT = Sql.of("SELECT pg_catalog.set_config('statement_timeout', '10s', true)");

    private static final Sql READ_ONLY = Sql.of("SET TRANSACTION READ ONLY");

    private final Session session;
    private final Report report;
    private final Migrations migrations;
    private final QualifiedName source;
    private final Map<String, String> settings;
    private final RunPace ofRun;
    private final Thread coordinator = Thread.currentThread();

    private volatile Pace pace;
    private volatile Optional<String> reason = Optional.empty();
    private volatile boolean over;
    private boolean whole;
    private long lookedAt = System.nanoTime() - LOOK_EVERY_MILLISECONDS * 1_000_000;
    private Map<String, String> tuning = Map.of();
    private long toldAt;

    /**
     * For the thread that it is made on, which is the coordinator's.
     *
     * @param settings as {@link Pace#parse} takes them
     */
    Throttle(
            Session session,
            Report report,
            Migrations migrations,
            QualifiedName source,
            Map<String, String> settings,
            RunPace ofRun) {
        this.session = session;
        this.report = report;
        this.migrations = migrations;
        this.source = source;
        Map<String, String> both = new HashMap<>(settings);
        both.putAll(ofRun.settings());
        this.settings = Map.copyOf(both);
        this.ofRun = ofRun;
        this.pace = Pace.parse(both);
    }

    /** The coordinator's look; not to be called inside a transaction. */
    void look() throws SQLException {
        retune();
        lookedAt = System.nanoTime();
        over = !whole && isTimeUp();
        Optional<String> found = over ? Optional.empty() : findReason();
        if (found.isPresent() && (reason.isEmpty() || System.nanoTime() - toldAt >= TELL_EVERY.toNanos())) {
            report.line("Paused: " + found.get() + ".");
            toldAt = System.nanoTime();
        } else if (found.isEmpty() && reason.isPresent() && !over) {
            report.line("Going on.");
        }
        synchronized (this) {
            reason = found;
            notifyAll();
        }
    }

    /**
     * Waits until the next chunk may be begun.
     *
     * @return false when none may be begun any more
     */
    boolean awaitTurn() throws InterruptedException {
        synchronized (this) {
            while (reason.isPresent() && !over) {
                wait(LOOK_EVERY_MILLISECONDS);
            }
        }
        return !over;
    }

    /** As {@link #awaitTurn}, for a coordinator that does the work itself. */
    boolean lookUntilTurn() throws SQLException, InterruptedException {
        look();
        while (reason.isPresent() && !over) {
            Thread.sleep(LOOK_EVERY_MILLISECONDS);
            look();
        }
        return !over;
    }

    /**
     * What is begun now is done to its end, because a part of it is worth nothing.
     *
     * @param what begins the message
     * @throws TimeIsUp where it is too late to begin it
     */
    void beginWhole(String what) throws SQLException {
        retune();
        if (isTimeUp()) {
            throw new TimeIsUp(
                    "%s was not begun: maxDuration is over, and it would begin anew if it were ended. What is done is kept, and capture goes on. Run update again; it goes on from here."
                            .formatted(what));
        }
        whole = true;
    }

    /**
     * For a step, or a worker's task, that works piece by piece and keeps each: rests, and waits until the next piece may be begun. Any
     * thread, outside of a transaction.
     *
     * @throws TimeIsUp when none may be begun any more
     */
    public void awaitNext() throws SQLException {
        try {
            pause();
            if (Thread.currentThread() == coordinator ? !lookedUntilTurn() : !awaitTurn()) {
                throw new TimeIsUp(
                        "maxDuration is over. What is done is kept, and capture goes on. Run update again; it goes on from here.");
            }
        } catch (InterruptedException e) {
            throw interrupted(e);
        }
    }

    /** Pieces can be short, and to look is a query or more. */
    private boolean lookedUntilTurn() throws SQLException, InterruptedException {
        boolean justLooked = System.nanoTime() - lookedAt < LOOK_EVERY_MILLISECONDS * 1_000_000;
        return justLooked && reason.isEmpty() ? !over : lookUntilTurn();
    }

    static IllegalStateException interrupted(InterruptedException e) {
        Thread.currentThread().interrupt();
        return new IllegalStateException("Interrupted while work was paused.", e);
    }

    /** How long a chunk should take. Any thread. */
    public Duration chunkTime() {
        return pace.chunkTime();
    }

    /** After a chunk. */
    void pause() throws InterruptedException {
        Thread.sleep(pace.pauseBetweenChunks().toMillis());
    }

    /** Lets nobody wait any longer, because the work has failed. */
    void release() {
        synchronized (this) {
            over = true;
            notifyAll();
        }
    }

    private boolean isTimeUp() {
        return pace.maxDuration()
                .filter(longest -> ofRun.elapsed().compareTo(longest) >= 0)
                .isPresent();
    }

    /** What somebody has written wrongly must not end a copy of hours: it is told, and the settings stay. */
    private void retune() throws SQLException {
        Map<String, String> now = new HashMap<>();
        try {
            now = migrations.tuning(source);
            if (!now.equals(tuning)) {
                pace = Pace.retuned(settings, now);
                report.line("Retuned by partition_migration.tuning: " + now + ".");
            }
        } catch (IllegalArgumentException e) {
            report.line("partition_migration.tuning is not followed: " + e.getMessage());
        }
        tuning = now;
    }

    private Optional<String> findReason() throws SQLException {
        List<String> reasons = new ArrayList<>();
        pace.window()
                .filter(hours -> !hours.contains(Instant.now()))
                .ifPresent(hours -> reasons.add("it is not between %s (window)".formatted(hours)));
        if (pace.maxReplicaLag().isPresent()) {
            lag(pace.maxReplicaLag().get()).ifPresent(reasons::add);
        }
        if (pace.maxLoad().isPresent()) {
            long load = session.queryLong(LOAD);
            if (load > pace.maxLoad().get()) {
                reasons.add("%,d sessions are active, more than %,d (maxLoad)"
                        .formatted(load, pace.maxLoad().get()));
            }
        }
        if (pace.throttleQuery().isPresent()) {
            throttled(pace.throttleQuery().get()).ifPresent(reasons::add);
        }
        return reasons.isEmpty() ? Optional.empty() : Optional.of(String.join("; ", reasons));
    }

    private Optional<String> lag(Duration longest) throws SQLException {
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

    /**
     * A query that fails might have said yes.
     *
     * @throws PartitionException where it can never succeed: it is not SQL, names what is not there, or writes
     */
    private Optional<String> throttled(String query) throws SQLException {
        try {
            boolean yes = session.inTransaction(() -> {
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
