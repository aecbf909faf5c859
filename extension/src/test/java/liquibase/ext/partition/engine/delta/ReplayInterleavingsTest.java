package liquibase.ext.partition.engine.delta;

import static liquibase.ext.partition.engine.MigrationFixture.inBackground;
import static liquibase.ext.partition.engine.MigrationFixture.join;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.SQLException;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.Future;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.locks.LockSupport;
import liquibase.ext.partition.engine.MigrationFixture;
import liquibase.ext.partition.engine.PartitionException;
import liquibase.ext.partition.engine.Transaction;
import liquibase.ext.partition.testing.FreshDatabase;
import liquibase.ext.partition.testing.TestDatabase;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;

/** Writers between the replay's statements, and the orders in which delta rows can commit. */
@ExtendWith(FreshDatabase.class)
class ReplayInterleavingsTest {
    private TestDatabase database;
    private MigrationFixture orders;

    @BeforeEach
    void indexedOrders() throws SQLException {
        orders = MigrationFixture.ofOrders(database, 1000)
                .prepare()
                .capture()
                .copy()
                .index();
    }

    /** A replay by number (everything up to the highest seen) would miss the first writer's row for good. */
    @Test
    void aDeltaRowThatStandsBeforeOthersAndCommitsLaterIsReplayed() throws Exception {
        try (Transaction first = Transaction.begin(database)) {
            first.run("UPDATE orders SET status = 'first' WHERE id = 1");
            database.execute("UPDATE orders SET status = 'second' WHERE id = 2");
            orders.replay();
            assertThat(database.queryString("SELECT status FROM orders_new WHERE id = 2"))
                    .isEqualTo("second");
            first.commit();
        }
        assertThat(orders.deltaRows()).isEqualTo(1);

        orders.replay();

        orders.assertNewTableEqualsSource();
        assertThat(database.queryString("SELECT status FROM orders_new WHERE id = 1"))
                .isEqualTo("first");
    }

    /** Makes these changes when the replay has taken the key's delta rows, and has not yet read the source. */
    private void replayWhileChanged(String... changes) throws Exception {
        try (Transaction gate = Transaction.begin(database)) {
            gate.run("SELECT FROM orders_new WHERE id = 1 FOR UPDATE");
            Future<Void> replay = inBackground(() -> orders.replay());
            orders.awaitBlockedStatement("DELETE FROM \"public\".\"orders_new\"");
            database.execute(changes);
            gate.rollback();
            join(replay);
        }
    }

    /** Between taking a key's delta rows and reading the source, the key is written again. */
    @Test
    void aRowThatIsWrittenAgainBetweenTheReplaysStatementsIsRightInTheEnd() throws Exception {
        database.execute("UPDATE orders SET status = 'once' WHERE id = 1");
        replayWhileChanged(
                "UPDATE orders SET status = 'twice', created_at = timestamptz '2024-09-09 00:00+00' WHERE id = 1");
        orders.replay();

        orders.assertNewTableEqualsSource();
        assertThat(database.queryRows("SELECT tableoid::regclass, status FROM orders_new WHERE id = 1"))
                .extracting(Object::toString)
                .containsExactly("[orders_202409, twice]");
    }

    @Test
    void aRowThatMovesThereAndBackBetweenTheReplaysStatementsIsRightInTheEnd() throws Exception {
        database.execute("UPDATE orders SET created_at = timestamptz '2024-05-05 00:00+00' WHERE id = 1");
        replayWhileChanged(
                "UPDATE orders SET created_at = timestamptz '2024-09-09 00:00+00' WHERE id = 1",
                "UPDATE orders SET created_at = timestamptz '2024-05-05 00:00+00', id = -1 WHERE id = 1",
                "UPDATE orders SET id = 1, status = 'back' WHERE id = -1");
        orders.replay();

        orders.assertNewTableEqualsSource();
    }

    @Test
    void aRowThatIsDeletedAndMadeAnewBetweenTheReplaysStatementsIsRightInTheEnd() throws Exception {
        database.execute("UPDATE orders SET status = 'once' WHERE id IN (1, 2)");
        replayWhileChanged(
                "DELETE FROM orders WHERE id IN (1, 2)",
                "INSERT INTO orders (id, status, created_at) VALUES (1, 'anew', timestamptz '2024-12-01 00:00+00')");
        orders.replay();

        orders.assertNewTableEqualsSource();
        assertThat(database.queryLong("SELECT count(*) FROM orders_new WHERE id IN (1, 2)"))
                .isEqualTo(1);
    }

    /** One of a key's delta rows is committed and one is not: the uncommitted one must survive the batch. */
    @Test
    void aBatchTakesOnlyWhatItCanSeeOfAKey() throws Exception {
        database.execute("UPDATE orders SET created_at = timestamptz '2024-05-05 00:00+00' WHERE id = 1");
        try (Transaction writer = Transaction.begin(database)) {
            writer.run("UPDATE orders SET created_at = timestamptz '2024-10-10 00:00+00' WHERE id = 1");
            orders.replay();
            assertThat(database.queryString("SELECT tableoid::regclass FROM orders_new WHERE id = 1"))
                    .isEqualTo("orders_202405");
            writer.commit();
        }

        orders.replay();

        orders.assertNewTableEqualsSource();
    }

    @Test
    void everyDeltaRowIsTakenWhateverBlockItIsIn() throws Exception {
        database.execute(
                "UPDATE orders SET created_at = created_at + interval '1 month'",
                "UPDATE orders SET status = 'paid'",
                "UPDATE orders SET created_at = created_at - interval '40 days'",
                "DELETE FROM orders WHERE id % 7 = 0");

        orders.replay(1);

        assertThat(orders.deltaRows()).isZero();
        orders.assertNewTableEqualsSource();
    }

    /** Taking those of the second range alone would insert the row again that came with the first. */
    @Test
    void theRowsOfAKeyThatAreInDifferentBlocksAreTakenTogether() throws Exception {
        String others = "UPDATE orders SET status = 'paid' WHERE id > 100";
        String later = "UPDATE orders SET created_at = created_at + interval '1 month' WHERE id = 1";
        database.execute("UPDATE orders SET status = 'paid' WHERE id = 1", others, later, others, later);

        orders.replay(1);

        assertThat(orders.deltaRows()).isZero();
        orders.assertNewTableEqualsSource();
    }

    @Test
    void aRepeatedReplayChangesNothing() throws Exception {
        database.execute("UPDATE orders SET status = 'paid' WHERE id < 100");
        orders.replay();

        orders.replay();

        orders.assertNewTableEqualsSource();
        assertThat(orders.phase()).isEqualTo("replayed");
    }

    @Test
    void aReplayThatIsKilledInABatchLosesNothing() throws Exception {
        database.execute("UPDATE orders SET status = 'paid' WHERE id <= 100");
        try (Transaction gate = Transaction.begin(database)) {
            gate.run("SELECT FROM orders_new WHERE id = 1 FOR UPDATE");
            Future<Void> replay = inBackground(() -> orders.replay());
            orders.awaitBlockedStatement("DELETE FROM \"public\".\"orders_new\"");
            database.queryString("""
                    SELECT pg_terminate_backend(pid) FROM pg_stat_activity
                    WHERE datname = current_database() AND query LIKE 'DELETE FROM "public"."orders_new"%'""");
            assertThatThrownBy(() -> join(replay)).isInstanceOf(SQLException.class);
            gate.rollback();
        }
        database.awaitTrue("SELECT count(*) = 100 FROM orders_delta");

        orders.replay();

        orders.assertNewTableEqualsSource();
    }

    @Test
    void aUniqueValueCanBeHandedOnBetweenKeysOfDifferentBatches() throws Exception {
        database.execute(
                "DROP TABLE orders_new, partition_chunk, partition_migration CASCADE", "DROP TABLE orders CASCADE");
        database.execute(
                "DROP TABLE orders_delta, orders_delta_missed CASCADE",
                "DROP FUNCTION orders_delta_capture, orders_delta_no_truncate");
        database.execute(
                // The partition column is the same for all, so the new table's unique index forbids the same as the
                // source's.
                "CREATE TABLE orders (id bigint PRIMARY KEY, code text NOT NULL UNIQUE, created_at date NOT NULL)",
                "INSERT INTO orders SELECT i, 'code ' || i, date '2024-05-05' FROM generate_series(1, 3000) AS i");
        orders.prepare().capture().copy().index();
        // Key 1, in the first batch, gets the value that key 3000, in the last one, still has in the new table.
        database.execute(
                "UPDATE orders SET code = 'gone ' || code WHERE id = 1",
                "UPDATE orders SET code = 'touched ' || code WHERE id BETWEEN 2 AND 2999",
                "UPDATE orders SET code = 'new' WHERE id = 3000",
                "UPDATE orders SET code = 'code 3000' WHERE id = 1");

        orders.replay(100);

        assertThat(orders.deltaRows()).isZero();
        orders.assertNewTableEqualsSource();
    }

    @Test
    void saysThatNothingIsLostWhenTheNewTablesUniqueIndexRefusesARow() throws Exception {
        // Somebody has made the new table stricter than the source.
        database.execute(
                "CREATE UNIQUE INDEX stricter ON orders_202406 (status)  WHERE status = 'once'",
                "UPDATE orders SET status = 'once' WHERE id IN (5, 17)");

        assertThatThrownBy(orders::replay)
                .isInstanceOf(PartitionException.class)
                .hasMessageContaining("its unique index refuses a row")
                .hasMessageContaining("Nothing is lost");
        assertThat(orders.deltaRows()).isEqualTo(2);

        database.execute("DROP INDEX stricter");
        orders.replay();
        orders.assertNewTableEqualsSource();
    }

    /**
     * Hands the one current contract of each of its customers on, as fast as it can. It writes the next ones first, so
     * that they are in the delta table without those from which they take the value.
     */
    private static final class HandOver {
        private static final int CUSTOMERS = 50;

        private final Map<Integer, Integer> current = new HashMap<>();
        private final AtomicBoolean stopped = new AtomicBoolean();
        private final AtomicInteger done = new AtomicInteger();
        private Future<Void> running;

        void start(TestDatabase database, int firstCustomer) {
            running = inBackground(() -> {
                try (Connection connection = database.connect();
                        PreparedStatement prepare = connection.prepareStatement(
                                "UPDATE contracts SET note = note + 1 WHERE customer BETWEEN ? AND ? + 9 AND id % 5 = ?");
                        PreparedStatement end = connection.prepareStatement(
                                "UPDATE contracts SET current = false WHERE customer = ? AND current");
                        PreparedStatement begin = connection.prepareStatement(
                                "UPDATE contracts SET current = true WHERE customer = ? AND id % 5 = ?")) {
                    connection.setAutoCommit(false);
                    for (int i = 0; !stopped.get(); i++) {
                        int customer = firstCustomer + i % CUSTOMERS;
                        int next = (i / CUSTOMERS + 1) % 5;
                        if (customer % 10 == 0) {
                            prepare.setInt(1, customer);
                            prepare.setInt(2, customer);
                            prepare.setInt(3, next);
                            prepare.executeUpdate();
                            connection.commit();
                        }
                        end.setInt(1, customer);
                        end.executeUpdate();
                        begin.setInt(1, customer);
                        begin.setInt(2, next);
                        begin.executeUpdate();
                        connection.commit();
                        current.put(customer, next);
                        done.incrementAndGet();
                    }
                }
                return null;
            });
        }

        void awaitMore(int more) throws Exception {
            int wanted = done.get() + more;
            while (done.get() < wanted && !running.isDone()) {
                LockSupport.parkNanos(1_000_000);
            }
            if (running.isDone()) {
                join(running);
            }
        }

        void stop() throws Exception {
            stopped.set(true);
            join(running);
        }
    }

    /** {@code UNIQUE (customer) WHERE current}: at no moment can the batches, one after the other, place them. */
    @Test
    void uniqueValuesThatAreHandedOnAtFullSpeedLetTheSwapAndTheRollbackThrough() throws Exception {
        database.execute(
                "CREATE TABLE contracts (id bigint PRIMARY KEY, customer int NOT NULL, current boolean NOT NULL, note int, created_at date NOT NULL)",
                "INSERT INTO contracts SELECT i, i / 5, i % 5 = 0, 0, date '2024-05-05' FROM generate_series(0, 999) AS i",
                "CREATE UNIQUE INDEX one_current ON contracts (customer, created_at) WHERE current",
                "CREATE INDEX by_customer ON contracts (customer)");
        MigrationFixture contracts = MigrationFixture.of(database, "public", "contracts", "created_at", "id")
                .between("2024-05", "2024-06")
                .throughVerification();
        List<HandOver> writers = new ArrayList<>();
        for (int first = 0; first < 200; first += HandOver.CUSTOMERS) {
            HandOver writer = new HandOver();
            writer.start(database, first);
            writers.add(writer);
        }
        try {
            for (HandOver writer : writers) {
                writer.awaitMore(50);
            }
            contracts.swap();
            writers.get(0).awaitMore(20);
            contracts.reverseSwap();
            writers.get(1).awaitMore(20);
            contracts.swap();
            writers.get(2).awaitMore(20);
        } finally {
            for (HandOver writer : writers) {
                writer.stop();
            }
        }
        contracts.reverseSwap();
        Map<Integer, Integer> expected = new HashMap<>();
        writers.forEach(writer -> expected.putAll(writer.current));
        for (List<String> row : database.queryRows("SELECT customer, id % 5 FROM contracts WHERE current")) {
            assertThat(row.get(1))
                    .as("customer %s", row.get(0))
                    .isEqualTo("" + expected.getOrDefault(Integer.valueOf(row.get(0)), 0));
        }
        assertThat(database.queryLong("SELECT count(*) FROM contracts WHERE current"))
                .isEqualTo(200);
        contracts.assertNewTableEqualsSource();
    }
}
