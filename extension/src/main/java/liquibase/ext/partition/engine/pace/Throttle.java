package liquibase.ext.partition.engine.pace;

import java.sql.SQLException;
import java.time.Duration;
import java.util.HashMap;
import java.util.Map;
import java.util.Optional;
import liquibase.ext.partition.engine.Report;
import liquibase.ext.partition.engine.sql.QualifiedName;
import liquibase.ext.partition.engine.sql.Session;
import liquibase.ext.partition.engine.state.Migrations;

/**
 * Decides whether the next chunk may begin. The coordinator looks about once a second, on its own session, and reports
 * when and why work pauses, and when it goes on; workers ask before each chunk and wait during a pause. A chunk that
 * has begun is finished.
 */
public final class Throttle {
    private static final Duration TELL_EVERY = Duration.ofSeconds(10);
    private static final long LOOK_EVERY_MILLISECONDS = 1_000;

    private final Session session;
    private final Report report;
    private final Migrations migrations;
    private final QualifiedName source;
    private final GivenPace settings;
    private final RunPace ofRun;
    private final Thread coordinator = Thread.currentThread();

    private volatile Pace pace;

    /** Why work pauses; null while it does not. */
    private volatile String reason;

    private volatile boolean over;
    private boolean whole;
    private long lookedAt = System.nanoTime() - LOOK_EVERY_MILLISECONDS * 1_000_000;
    private Map<String, String> tuning = Map.of();
    private long toldAt;

    /** Must be made on the coordinator's thread. */
    public Throttle(
            Session session,
            Report report,
            Migrations migrations,
            QualifiedName source,
            GivenPace settings,
            RunPace ofRun) {
        this.session = session;
        this.report = report;
        this.migrations = migrations;
        this.source = source;
        this.settings = settings.under(ofRun.settings());
        this.ofRun = ofRun;
        this.pace = this.settings.pace();
    }

    /** The coordinator's look. Must not be called inside a transaction. */
    public void look() throws SQLException {
        retune();
        lookedAt = System.nanoTime();
        over = !whole && isTimeUp();
        Optional<String> found = over ? Optional.empty() : PauseReasons.of(session, pace);
        if (found.isPresent() && (reason == null || System.nanoTime() - toldAt >= TELL_EVERY.toNanos())) {
            report.line("Paused: " + found.get() + ".");
            toldAt = System.nanoTime();
        } else if (found.isEmpty() && reason != null && !over) {
            report.line("Going on.");
        }
        synchronized (this) {
            reason = found.orElse(null);
            notifyAll();
        }
    }

    /**
     * Waits until the next chunk may begin.
     *
     * @return false when no chunk may begin any more
     */
    public boolean awaitTurn() throws InterruptedException {
        synchronized (this) {
            while (reason != null && !over) {
                wait(LOOK_EVERY_MILLISECONDS);
            }
        }
        return !over;
    }

    /** As {@link #awaitTurn}, for a coordinator that works itself. */
    public boolean lookUntilTurn() throws SQLException, InterruptedException {
        look();
        while (reason != null && !over) {
            Thread.sleep(LOOK_EVERY_MILLISECONDS);
            look();
        }
        return !over;
    }

    /**
     * Begins work that then runs to its end, because a part of it is worth nothing.
     *
     * @param what the beginning of the message
     * @throws TimeIsUp if it is too late to begin
     */
    public void beginWhole(String what) throws SQLException {
        retune();
        if (isTimeUp()) {
            throw new TimeIsUp(
                    "%s was not begun: maxDuration is over, and it would begin anew if it were ended. What is done is kept, and capture goes on. Run update again; it goes on from here."
                            .formatted(what));
        }
        whole = true;
    }

    /**
     * For a step, or a worker's task, that works in pieces and keeps each of them: rests, and waits until the next
     * piece may begin. Any thread may call it, outside a transaction.
     *
     * @throws TimeIsUp when no piece may begin any more
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

    /** Pieces can be short, and a look costs at least one query. */
    private boolean lookedUntilTurn() throws SQLException, InterruptedException {
        boolean justLooked = System.nanoTime() - lookedAt < LOOK_EVERY_MILLISECONDS * 1_000_000;
        return justLooked && reason == null ? !over : lookUntilTurn();
    }

    /**
     * As {@link #awaitNext}, for work that is not worth waiting for: if a piece may not begin now, the work ends.
     *
     * @param until when its time is over, by {@link System#nanoTime}
     * @throws TimeIsUp with the reason as its message
     */
    public void nextOrStop(long until) throws SQLException {
        try {
            pause();
        } catch (InterruptedException e) {
            throw interrupted(e);
        }
        if (System.nanoTime() - lookedAt >= LOOK_EVERY_MILLISECONDS * 1_000_000) {
            retune();
            lookedAt = System.nanoTime();
            reason = isTimeUp()
                    ? "maxDuration is over"
                    : PauseReasons.of(session, pace).orElse(null);
        }
        if (reason != null) {
            throw new TimeIsUp(reason);
        }
        if (System.nanoTime() >= until) {
            throw new TimeIsUp("its time is over");
        }
    }

    public static IllegalStateException interrupted(InterruptedException e) {
        Thread.currentThread().interrupt();
        return new IllegalStateException("Interrupted while work was paused.", e);
    }

    /** How long a chunk should take. Any thread may call it. */
    public Duration chunkTime() {
        return pace.chunkTime();
    }

    /** Pauses after a chunk. */
    public void pause() throws InterruptedException {
        Thread.sleep(pace.pauseBetweenChunks().toMillis());
    }

    /** Ends all waiting, because the work has failed. */
    public void release() {
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

    /** A mistake in the tuning must not end a copy of hours: it is reported, and the settings stay as they are. */
    private void retune() throws SQLException {
        Map<String, String> now = new HashMap<>();
        try {
            now = migrations.tuning(source);
            if (!now.equals(tuning)) {
                pace = settings.under(GivenPace.named(now)).pace();
                report.line("Retuned by partition_migration.tuning: " + now + ".");
            }
        } catch (IllegalArgumentException e) {
            report.line("partition_migration.tuning is not followed: " + e.getMessage());
        }
        tuning = now;
    }
}
