package liquibase.ext.partition.engine.link;

import java.sql.Connection;
import java.sql.SQLException;
import java.time.Duration;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.CopyOnWriteArrayList;
import liquibase.ext.partition.engine.sql.Conversation;
import liquibase.ext.partition.engine.sql.Conversation.Waiting;
import liquibase.ext.partition.engine.sql.Session;
import liquibase.ext.partition.engine.sql.Sql;
import liquibase.ext.partition.engine.sql.SqlState;

/**
 * Notices that an answer will never come. A network may drop a connection without a word: then the statement, or its
 * answer, is lost, and the client would wait for hours. No timeout can distinguish that from a statement that takes
 * long. So while a statement takes long, the watch asks the server over another connection what has become of it.
 *
 * <p>The watch ends the wait, as a {@linkplain SqlState#isConnectionLost lost connection}, when the server says twice
 * that the session is gone, or that it has been idle for as long as a statement may take before the watch asks about
 * it; and when no connection to the server can be made for {@value #SILENCE} times as long. A server that refuses us
 * for another reason (too many connections, a changed password) is there, and so may the statement be. The same holds
 * for a server in recovery, which is not where we write, and for a session that our role may not see. If the watch does
 * not know how to open another connection, it notices nothing.
 *
 * <p>The watch also ends the abandoned session on the server, because that would keep its locks.
 */
public final class AnswerWatch implements AutoCloseable {
    /** A statement may take this long before the watch asks about it. */
    public static final Duration ASK_AFTER = Duration.ofSeconds(5);

    /**
     * A server that restarts after a crash can be away for longer; but it breaks our connections, so nobody waits on
     * them.
     */
    private static final int SILENCE = 6;

    private static final int LOOKS_IN_TIME = 4;
    private static final int LONGEST_QUESTION_MILLISECONDS = 10_000;

    private static final Sql IN_RECOVERY = Sql.of("SELECT pg_catalog.pg_is_in_recovery()");

    /** NULL if the role may not see the session. Seconds by the server's clock, between two of its own times. */
    private static final Sql SEEN = Sql.of("""
            SELECT extract(epoch FROM a.backend_start)::pg_catalog.text AS started, a.state,
                   a.state_change::pg_catalog.text AS changed, extract(epoch FROM pg_catalog.clock_timestamp() - a.state_change) AS seconds
            FROM pg_catalog.pg_stat_activity AS a WHERE a.pid = {pid}""");

    private record Seen(String started, String state, String changed, double seconds) {}

    /** A wait, and the sign of trouble at the last look. */
    private record Suspicion(Waiting waiting, String sign) {}

    private static final String GONE = "is gone";

    private final ConnectionSource source;
    private final Duration askAfter;
    private final List<Conversation> conversations = new CopyOnWriteArrayList<>();
    private final Map<Conversation, Backend> backends = new HashMap<>();
    private final Map<Conversation, Suspicion> suspicions = new HashMap<>();
    private final Thread thread;
    private volatile boolean closed;
    private Connection connection;

    /** By {@link System#nanoTime}; null while the server answers. */
    private Long silentSince;

    /** @param source the source of the connection over which the watch asks the server; another thread uses it */
    public AnswerWatch(ConnectionSource source, Duration askAfter) {
        this.source = source;
        this.askAfter = askAfter;
        this.thread = new Thread(this::watch, "liquibase-partition watch");
        thread.setDaemon(true);
        thread.start();
    }

    /** Watches over {@code session} from now on. Asks the session for its backend. */
    public void over(Session session) throws SQLException {
        over((Conversation) session);
        identify(session, Backend.of(session));
    }

    /** Watches over {@code conversation} from now on, before its session on the server is known. */
    public void over(Conversation conversation) {
        conversations.add(conversation);
    }

    /** Records which session on the server {@code conversation} belongs to, until its end. */
    public void identify(Conversation conversation, Backend backend) {
        synchronized (backends) {
            backends.put(conversation, backend);
        }
    }

    /** The sessions on the server of all connections that were ever watched. */
    public List<Backend> backends() {
        synchronized (backends) {
            return List.copyOf(backends.values());
        }
    }

    private Optional<Backend> backend(Conversation conversation) {
        synchronized (backends) {
            return Optional.ofNullable(backends.get(conversation));
        }
    }

    private void watch() {
        while (!closed) {
            try {
                Thread.sleep(Math.max(1, askAfter.toMillis() / LOOKS_IN_TIME));
            } catch (InterruptedException e) {
                break;
            }
            look();
        }
        disconnect();
    }

    private void look() {
        List<Conversation> late = conversations.stream()
                .filter(conversation -> conversation
                        .waiting()
                        .filter(waiting -> waiting.duration().compareTo(askAfter) > 0)
                        .isPresent())
                .toList();
        suspicions.keySet().retainAll(late);
        if (late.isEmpty()) {
            silentSince = null;
            disconnect();
            return;
        }
        try {
            Optional<Session> another = another();
            if (another.isPresent()) {
                ask(another.get(), late);
            }
            silentSince = null;
        } catch (SQLException e) {
            disconnect();
            if (isSilence(e)) {
                endAfterSilence(late, e);
            } else {
                silentSince = null;
            }
        } catch (RuntimeException e) {
            // A pool may throw anything; the watch must go on.
            disconnect();
        }
    }

    private void ask(Session another, List<Conversation> late) throws SQLException {
        another.whilePinned(() -> {
            if (!another.queryBoolean(IN_RECOVERY)) {
                for (Conversation conversation : late) {
                    ask(another, conversation);
                }
            }
            return null;
        });
    }

    private void ask(Session another, Conversation conversation) throws SQLException {
        Optional<Waiting> waiting = conversation.waiting();
        Optional<Backend> backend = backend(conversation);
        if (waiting.isEmpty()) {
            return;
        }
        if (backend.isEmpty()) {
            // The pending statement is the question for its backend, which takes no time.
            if (waiting.get().duration().compareTo(askAfter.multipliedBy(SILENCE)) > 0) {
                conversation.abandon("no answer to the first question for %d s"
                        .formatted(waiting.get().duration().toSeconds()));
            }
            return;
        }
        Optional<Seen> seen = another.queryFirst(
                SEEN.with("pid", backend.get().pid()),
                row -> new Seen(
                        row.getString("started"),
                        row.getString("state"),
                        row.getString("changed"),
                        row.getDouble("seconds")));
        String sign = seen.isEmpty() ? GONE : sign(backend.get(), seen.get()).orElse(null);
        Suspicion suspicion = suspicions.get(conversation);
        if (sign == null) {
            suspicions.remove(conversation);
        } else if (suspicion == null
                || suspicion.waiting() != waiting.get()
                || !suspicion.sign().equals(sign)) {
            // An answer can be on its way, or we ourselves were stopped for a while. If the same sign is seen twice,
            // neither is the case.
            suspicions.put(conversation, new Suspicion(waiting.get(), sign));
        } else if (conversation.waiting().filter(it -> it == waiting.get()).isPresent()) {
            conversation.abandon(
                    "no answer for %d s, and the server says that its session %d %s: the network has lost what was sent"
                            .formatted(
                                    waiting.get().duration().toSeconds(),
                                    backend.get().pid(),
                                    sign));
            backend.get().end(another);
        }
    }

    /** The sign that no answer will come; its words stay the same as long as the sign does. */
    private Optional<String> sign(Backend backend, Seen now) {
        if (now.started() == null) {
            return Optional.empty();
        }
        if (!now.started().equals(backend.started())) {
            return Optional.of(GONE);
        }
        boolean idle = now.state() != null && now.state().startsWith("idle");
        return idle && now.seconds() > askAfter.toMillis() / 1000.0
                ? Optional.of("is %s since %s".formatted(now.state(), now.changed()))
                : Optional.empty();
    }

    private void endAfterSilence(List<Conversation> late, SQLException e) {
        long now = System.nanoTime();
        if (silentSince == null) {
            silentSince = now;
        } else if (now - silentSince >= askAfter.multipliedBy(SILENCE).toNanos()) {
            late.forEach(conversation -> conversation
                    .waiting()
                    .ifPresent(waiting ->
                            conversation.abandon("no answer for %d s, and the server could not be reached meanwhile: %s"
                                    .formatted(waiting.duration().toSeconds(), e.getMessage()))));
        }
    }

    /** Nobody answers, or the way is lost; pools wrap the exception. */
    private static boolean isSilence(SQLException e) {
        return SqlState.cause(e, SqlState::isConnectionLost).isPresent();
    }

    private Optional<Session> another() throws SQLException {
        if (connection == null) {
            connection = source.open().orElse(null);
            if (connection == null) {
                return Optional.empty();
            }
            connection.setAutoCommit(true);
            connection.setNetworkTimeout(Runnable::run, LONGEST_QUESTION_MILLISECONDS);
        }
        return Optional.of(new Session(connection));
    }

    private void disconnect() {
        if (connection != null) {
            try {
                connection.close();
            } catch (SQLException e) {
                // It is gone already.
            }
            connection = null;
        }
    }

    /** If a question is being asked, waits only until it is answered. */
    @Override
    public void close() {
        closed = true;
        thread.interrupt();
    }
}
