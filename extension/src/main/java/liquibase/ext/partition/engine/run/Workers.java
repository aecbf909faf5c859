package liquibase.ext.partition.engine.run;

import java.sql.Connection;
import java.sql.SQLException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Collection;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicReference;
import liquibase.ext.partition.engine.Report;
import liquibase.ext.partition.engine.link.AnswerWatch;
import liquibase.ext.partition.engine.link.ClientCheck;
import liquibase.ext.partition.engine.link.ConnectionSource;
import liquibase.ext.partition.engine.link.Pooler;
import liquibase.ext.partition.engine.pace.Throttle;
import liquibase.ext.partition.engine.pace.TimeIsUp;
import liquibase.ext.partition.engine.sql.QualifiedName;
import liquibase.ext.partition.engine.sql.Session;
import liquibase.ext.partition.engine.sql.Sql;

/**
 * Runs the same task on many items, each worker on a connection of its own. If no further connection is available, the
 * coordinator works off the items one by one on its own connection.
 */
public final class Workers {
    /** The work on one item. Manages its own transactions. */
    @FunctionalInterface
    public interface Task<T> {
        void run(Session session, T item) throws SQLException;
    }

    /** The coordinator's work about once a second meanwhile, on its own session. */
    @FunctionalInterface
    public interface Heartbeat {
        void beat() throws SQLException;
    }

    private record Worker(Connection connection, Session session) {}

    private static final Sql SET = Sql.of("SELECT pg_catalog.set_config({setting}, {value}, false)");
    private static final long HEARTBEAT_MILLISECONDS = 1_000;

    private final ConnectionSource source;
    private final Session coordinator;
    private final Report report;
    private final AnswerWatch watch;
    private final String applicationName;
    private final Throttle throttle;
    private final String step;
    private final QualifiedName table;

    Workers(
            ConnectionSource source,
            Session coordinator,
            Report report,
            AnswerWatch watch,
            String step,
            QualifiedName table,
            Throttle throttle) {
        this.source = source;
        this.coordinator = coordinator;
        this.report = report;
        this.watch = watch;
        this.applicationName = "liquibase-partition " + step + " " + table.name();
        this.step = step;
        this.table = table;
        this.throttle = throttle;
    }

    /** How long a chunk should take at the moment. Any thread may call it. */
    public Duration chunkTime() {
        return throttle.chunkTime();
    }

    /** As {@link #forEach(Items, int, Task, Heartbeat)}, with these items. */
    public <T> void forEach(Collection<T> items, int wanted, Task<T> task, Heartbeat heartbeat) throws SQLException {
        forEach(Items.of(items), wanted, task, heartbeat);
    }

    /**
     * Works off {@code items} with up to {@code wanted} workers, as fast as the pace allows. After the first failure no
     * further item begins; items that have begun are finished; then the failure is thrown.
     *
     * @throws TimeIsUp if the pace's {@code maxDuration} passes before every item has begun
     */
    public <T> void forEach(Items<T> items, int wanted, Task<T> task, Heartbeat heartbeat) throws SQLException {
        if (items.left() == 0) {
            return;
        }
        List<Worker> workers = open((int) Math.min(wanted, items.left()));
        try {
            if (workers.isEmpty()) {
                if (wanted > 1) {
                    report.line("Working with one connection instead of " + wanted
                            + ". Where Liquibase's connection tells no credentials, register a DataSource with"
                            + " WorkerDataSource, or set liquibase.partition.url, username and password.");
                }
                oneByOne(items, task, heartbeat);
            } else {
                throttle.look();
                inParallel(workers, items, task, heartbeat);
            }
        } finally {
            for (Worker worker : workers) {
                close(worker);
            }
        }
    }

    /** A pooled connection goes back to somebody who has a search path of their own. */
    private static void close(Worker worker) throws SQLException {
        try {
            worker.session().unpin();
        } catch (SQLException e) {
            // The connection is gone already.
        } finally {
            worker.connection().close();
        }
    }

    /**
     * For a task that works off its item in pieces and keeps each of them: rests, and waits until the next piece may
     * begin.
     *
     * @throws TimeIsUp when no piece may begin any more
     */
    public void awaitNext() throws SQLException {
        throttle.awaitNext();
    }

    private <T> void oneByOne(Items<T> items, Task<T> task, Heartbeat heartbeat) throws SQLException {
        try {
            while (items.left() > 0) {
                if (!throttle.lookUntilTurn()) {
                    throw timeIsUp(items);
                }
                Optional<T> item = items.next();
                if (item.isPresent()) {
                    task.run(coordinator, item.get());
                    heartbeat.beat();
                    throttle.pause();
                }
            }
        } catch (InterruptedException e) {
            throw Throttle.interrupted(e);
        }
    }

    private static TimeIsUp timeIsUp(Items<?> items) {
        return new TimeIsUp(
                "maxDuration is over with %,d %s left. What is done is kept, and capture goes on. Run update again; it goes on from here."
                        .formatted(items.left(), items.unit()));
    }

    private <T> void inParallel(List<Worker> workers, Items<T> items, Task<T> task, Heartbeat heartbeat)
            throws SQLException {
        AtomicReference<Throwable> failure = new AtomicReference<>();
        CountDownLatch running = new CountDownLatch(workers.size());
        int number = 0;
        for (Worker worker : workers) {
            Thread thread = new Thread(
                    () -> {
                        try {
                            while (throttle.awaitTurn() && failure.get() == null) {
                                Optional<T> item = items.next();
                                if (item.isEmpty()) {
                                    break;
                                }
                                task.run(worker.session(), item.get());
                                throttle.pause();
                            }
                        } catch (Throwable e) {
                            if (!failure.compareAndSet(null, e)) {
                                failure.get().addSuppressed(e);
                            }
                        } finally {
                            running.countDown();
                        }
                    },
                    applicationName + " worker " + ++number);
            thread.setDaemon(true);
            thread.start();
        }
        await(running, failure, heartbeat);
        Throwable thrown = failure.get();
        if (thrown instanceof SQLException e) {
            throw e;
        }
        if (thrown instanceof RuntimeException e) {
            throw e;
        }
        if (thrown != null) {
            throw new IllegalStateException("A worker died.", thrown);
        }
        if (items.left() > 0) {
            throw timeIsUp(items);
        }
    }

    private void await(CountDownLatch running, AtomicReference<Throwable> failure, Heartbeat heartbeat) {
        boolean interrupted = false;
        while (true) {
            try {
                if (running.await(HEARTBEAT_MILLISECONDS, TimeUnit.MILLISECONDS)) {
                    break;
                }
                if (failure.get() == null) {
                    throttle.look();
                    heartbeat.beat();
                }
            } catch (InterruptedException e) {
                interrupted = true;
                failure.compareAndSet(null, e);
                throttle.release();
            } catch (SQLException | RuntimeException e) {
                // The coordinator's session keeps a second runner out: without it the workers must stop too.
                failure.compareAndSet(null, e);
                throttle.release();
            }
        }
        if (interrupted) {
            Thread.currentThread().interrupt();
        }
    }

    /**
     * As many workers as possible; none if the source does not know how to open a connection, or the server takes none
     * now.
     */
    private List<Worker> open(int wanted) {
        List<Worker> workers = new ArrayList<>();
        try {
            while (workers.size() < wanted) {
                Optional<Connection> connection = source.open();
                if (connection.isEmpty()) {
                    break;
                }
                workers.add(configure(connection.get(), workers.isEmpty()));
            }
        } catch (SQLException e) {
            // A copy that goes on slowly is better than one that stops because the server is short of connections.
            report.line("Opened %d of %d worker connections: %s".formatted(workers.size(), wanted, e.getMessage()));
        }
        return workers;
    }

    /**
     * @param first whether this is the first connection, whose way to the server stands for all: looking into it takes
     * one more connection, which a pool may not have left
     */
    private Worker configure(Connection connection, boolean first) throws SQLException {
        try {
            Worker worker = new Worker(connection, new Session(connection));
            connection.setAutoCommit(true);
            watch.over(worker.session());
            if (first) {
                Pooler.refuse(connection, source, step, table);
            }
            worker.session().pin();
            setUp(worker.session());
            return worker;
        } catch (SQLException | RuntimeException e) {
            connection.close();
            throw e;
        }
    }

    private void setUp(Session session) throws SQLException {
        session.setTransactionIsolation(Connection.TRANSACTION_READ_COMMITTED);
        set(session, "application_name", applicationName);
        // A role's or a database's statement_timeout is meant for the application.
        set(session, "statement_timeout", "0");
        set(session, "lock_timeout", "30s");
        set(session, "jit", "off");
        // A policy must never hide rows from us. With this setting such a statement fails, instead of copying a part of
        // the rows.
        set(session, "row_security", "off");
        // Ends the chunk of a killed runner soon; otherwise it would run on for nobody.
        ClientCheck.begin(session);
    }

    private static void set(Session session, String setting, String value) throws SQLException {
        session.queryStrings(SET.with("setting", setting).with("value", value));
    }
}
