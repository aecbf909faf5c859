package liquibase.ext.partition.engine.belonging.sequences;

import java.sql.Connection;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.atomic.AtomicLong;
import java.util.concurrent.locks.LockSupport;
import liquibase.ext.partition.testing.TestDatabase;

/** Clients that get ids of the table orders in each possible way, and note each id that was given to them twice. */
final class SequenceClients implements AutoCloseable {
    enum Way {
        /** As Hibernate does: first the sequence, then the table. */
        NEXTVAL_THEN_INSERT {
            @Override
            void work(SequenceClients clients, Statement statement) throws SQLException {
                long id = clients.note(statement, "SELECT nextval('orders_id_seq')");
                statement.execute("INSERT INTO orders (id, created_at) VALUES (%d, %s)".formatted(id, day(id)));
            }
        },
        /** First the table, then the sequence. */
        DEFAULT {
            @Override
            void work(SequenceClients clients, Statement statement) throws SQLException {
                clients.note(statement, "INSERT INTO orders (note) VALUES ('by default') RETURNING id");
                clients.note(statement, "INSERT INTO orders (note) VALUES ('by default') RETURNING id");
            }
        },
        /** No transaction, and no table. */
        NEXTVAL {
            @Override
            void work(SequenceClients clients, Statement statement) throws SQLException {
                clients.note(statement, "SELECT nextval('orders_id_seq')");
            }
        };

        abstract void work(SequenceClients clients, Statement statement) throws SQLException;

        /** The table would accept a row with the same id in another month. */
        private static String day(long id) {
            return "timestamptz '2024-01-15 12:00+00' + %d * interval '1 month'".formatted(id % 12);
        }
    }

    /** Ten clients with this pause leave a small machine time for the swap. */
    private static final Duration BETWEEN_TRANSACTIONS = Duration.ofMillis(10);

    private final Set<Long> given = ConcurrentHashMap.newKeySet();
    private final ConcurrentLinkedQueue<String> faults = new ConcurrentLinkedQueue<>();
    private final List<Thread> threads = new ArrayList<>();
    private final AtomicLong done = new AtomicLong();
    private volatile boolean stopped;

    private SequenceClients() {}

    static SequenceClients start(TestDatabase database, int clients, Way... ways) {
        SequenceClients all = new SequenceClients();
        for (int i = 0; i < clients; i++) {
            Way way = ways[i % ways.length];
            Thread thread = new Thread(() -> all.work(database, way), "client " + i);
            all.threads.add(thread);
            thread.start();
        }
        return all;
    }

    private void work(TestDatabase database, Way way) {
        try (Connection connection = database.connect();
                Statement statement = connection.createStatement()) {
            connection.setAutoCommit(way == Way.NEXTVAL);
            while (!stopped) {
                way.work(this, statement);
                if (way != Way.NEXTVAL) {
                    connection.commit();
                }
                done.incrementAndGet();
                LockSupport.parkNanos(BETWEEN_TRANSACTIONS.toNanos());
            }
        } catch (SQLException e) {
            faults.add(way + " was ended: " + e);
        }
    }

    private long note(Statement statement, String sql) throws SQLException {
        try (ResultSet row = statement.executeQuery(sql)) {
            row.next();
            long id = row.getLong(1);
            if (!given.add(id)) {
                faults.add(id + " was given twice, at last to " + sql);
            }
            return id;
        }
    }

    /** Waits until they have done that many more transactions. */
    void awaitMore(long transactions) throws InterruptedException {
        long until = done.get() + transactions;
        while (done.get() < until && threads.stream().anyMatch(Thread::isAlive)) {
            Thread.sleep(10);
        }
    }

    /** Stops them. */
    List<String> faults() throws InterruptedException {
        stopped = true;
        for (Thread thread : threads) {
            thread.join();
        }
        return List.copyOf(faults);
    }

    @Override
    public void close() {
        stopped = true;
    }
}
