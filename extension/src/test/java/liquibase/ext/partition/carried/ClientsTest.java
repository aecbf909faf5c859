package liquibase.ext.partition.carried;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.io.StringReader;
import java.sql.Connection;
import java.sql.DriverManager;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.concurrent.Future;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.locks.LockSupport;
import liquibase.ext.partition.engine.MigrationFixture;
import liquibase.ext.partition.engine.newtable.IncomingForeignKeys;
import liquibase.ext.partition.testing.FreshDatabase;
import liquibase.ext.partition.testing.TestDatabase;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;
import org.postgresql.PGConnection;

/**
 * Clients that are connected before the swap, and stay through it and the way back, without connecting or preparing
 * anew.
 */
@ExtendWith(FreshDatabase.class)
class ClientsTest {
    /** The writes of each client before, between and after the two switches. */
    private static final int WRITES_A_PHASE = 15;

    private static final int KEYS_A_CLIENT = 1_000_000;

    /** A pause, so that even on a busy machine the replay and the comparison keep up. */
    private static final Duration BETWEEN_WRITES = Duration.ofMillis(5);

    @FunctionalInterface
    private interface Write {
        void row(long id) throws SQLException, IOException;
    }

    /** Writes rows with its own keys until it is stopped, and remembers the acknowledged ones. */
    private static final class Client {
        private final String name;
        private final long firstId;
        private final Write write;
        private final List<Long> acknowledged = Collections.synchronizedList(new ArrayList<>());
        private final AtomicBoolean stopped = new AtomicBoolean();
        private Future<Void> running;

        Client(String name, long firstId, Write write) {
            this.name = name;
            this.firstId = firstId;
            this.write = write;
        }

        void start() {
            running = MigrationFixture.inBackground(() -> {
                for (long id = firstId; !stopped.get(); id++) {
                    write.row(id);
                    acknowledged.add(id);
                    LockSupport.parkNanos(BETWEEN_WRITES.toNanos());
                }
                return null;
            });
        }

        void awaitWrites(int more) throws Exception {
            int wanted = acknowledged.size() + more;
            while (acknowledged.size() < wanted && !running.isDone()) {
                LockSupport.parkNanos(BETWEEN_WRITES.toNanos());
            }
            if (running.isDone()) {
                MigrationFixture.join(running);
            }
        }

        void stop() throws Exception {
            stopped.set(true);
            MigrationFixture.join(running);
        }
    }

    private final List<Client> clients = new ArrayList<>();
    private final List<Connection> connections = new ArrayList<>();

    private void client(TestDatabase database, String name, WriteOn write) throws SQLException {
        Connection connection = DriverManager.getConnection(
                database.url() + (database.url().contains("?") ? "&" : "?") + "prepareThreshold=1",
                database.username(),
                database.password());
        connections.add(connection);
        clients.add(new Client(name, (clients.size() + 1L) * KEYS_A_CLIENT, write.on(connection)));
    }

    @FunctionalInterface
    private interface WriteOn {
        Write on(Connection connection) throws SQLException;
    }

    @Test
    void goOnWorkingThroughTheSwapAndTheWayBack(TestDatabase database) throws Exception {
        MigrationFixture orders = MigrationFixture.ofOrders(database, 300).between("2024-01", "2024-04");
        database.execute("ALTER TABLE orders ALTER created_at SET DEFAULT timestamptz '2024-02-02 00:00+00'");
        orders.incomingForeignKeys(IncomingForeignKeys.TRIGGER);
        database.execute("CREATE VIEW latest AS SELECT id, status, created_at FROM orders WHERE id > 0");
        database.execute("CREATE TABLE lines (order_id bigint NOT NULL REFERENCES orders, note text)");
        AtomicInteger misread = new AtomicInteger();
        client(database, "prepared", connection -> prepared(connection, "orders", misread));
        client(
                database,
                "by COPY",
                connection -> id -> connection
                        .unwrap(PGConnection.class)
                        .getCopyAPI()
                        .copyIn("COPY orders (id, status) FROM STDIN", new StringReader(id + "\tcopied\n")));
        client(database, "prepared updates", ClientsTest::updates);
        client(database, "through the view", connection -> prepared(connection, "latest", misread));
        client(database, "through a child", ClientsTest::child);
        orders.throughVerification();
        clients.forEach(Client::start);
        try {
            awaitWrites();
            orders.swap();
            assertThat(database.queryString("SELECT relkind FROM pg_class WHERE oid = 'orders'::regclass"))
                    .isEqualTo("p");
            awaitWrites();
            orders.reverseSwap();
            awaitWrites();
            orders.replay().verify().swap();
            awaitWrites();
            for (Client client : clients) {
                client.stop();
            }
        } finally {
            clients.forEach(client -> client.stopped.set(true));
            for (Connection connection : connections) {
                connection.close();
            }
        }

        assertThat(misread).hasValue(0);
        for (Client client : clients) {
            assertThat(database.queryStrings(
                            "SELECT id::text FROM orders WHERE id BETWEEN ? AND ? ORDER BY id",
                            client.firstId,
                            client.firstId + KEYS_A_CLIENT - 1))
                    .as("rows written by the client that writes %s", client.name)
                    .isEqualTo(client.acknowledged.stream().map(String::valueOf).toList());
        }
        assertThat(database.queryLong("SELECT count(*) FROM lines JOIN orders ON id = order_id"))
                .isEqualTo(clients.get(clients.size() - 1).acknowledged.size());
    }

    private void awaitWrites() throws Exception {
        for (Client client : clients) {
            client.awaitWrites(WRITES_A_PHASE);
        }
    }

    /** Inserts, and reads the inserted row, by statements that the server has prepared once. */
    private static Write prepared(Connection connection, String relation, AtomicInteger misread) throws SQLException {
        PreparedStatement insert = connection.prepareStatement(
                "INSERT INTO %s (id, status, created_at) VALUES (?, 'new', '2024-02-02 00:00+00')".formatted(relation));
        PreparedStatement select = connection.prepareStatement("SELECT * FROM %s WHERE id = ?".formatted(relation));
        return id -> {
            insert.setLong(1, id);
            insert.executeUpdate();
            select.setLong(1, id);
            try (ResultSet row = select.executeQuery()) {
                if (!row.next() || !row.getString("status").equals("new")) {
                    misread.incrementAndGet();
                }
            }
        };
    }

    /** In transactions of its own: an insert and an update that moves the row to another month. */
    private static Write updates(Connection connection) throws SQLException {
        connection.setAutoCommit(false);
        PreparedStatement insert = connection.prepareStatement(
                "INSERT INTO orders (id, status, created_at) VALUES (?, 'new', timestamptz '2024-01-31 00:00+00')");
        PreparedStatement update = connection.prepareStatement(
                "UPDATE orders SET created_at = created_at + interval '1 day' WHERE id = ?");
        return id -> {
            insert.setLong(1, id);
            update.setLong(1, id);
            if (insert.executeUpdate() + update.executeUpdate() != 2) {
                throw new SQLException("Row %d was not updated".formatted(id));
            }
            connection.commit();
        };
    }

    /** A row and one that refers to it. */
    private static Write child(Connection connection) throws SQLException {
        connection.setAutoCommit(false);
        PreparedStatement order = connection.prepareStatement("INSERT INTO orders (id, status) VALUES (?, 'new')");
        PreparedStatement line = connection.prepareStatement("INSERT INTO lines (order_id) VALUES (?)");
        return id -> {
            order.setLong(1, id);
            order.executeUpdate();
            line.setLong(1, id);
            line.executeUpdate();
            connection.commit();
        };
    }
}
