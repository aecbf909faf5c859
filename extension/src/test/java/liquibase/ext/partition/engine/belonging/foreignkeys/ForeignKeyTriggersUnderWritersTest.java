package liquibase.ext.partition.engine.belonging.foreignkeys;

import static liquibase.ext.partition.engine.belonging.foreignkeys.ReferredOrders.swappedWithLines;
import static org.assertj.core.api.Assertions.assertThat;

import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.SQLException;
import java.sql.Statement;
import java.util.List;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.Future;
import java.util.concurrent.atomic.AtomicBoolean;
import liquibase.ext.partition.engine.MigrationFixture;
import liquibase.ext.partition.engine.newtable.IncomingForeignKeys;
import liquibase.ext.partition.testing.FreshDatabase;
import liquibase.ext.partition.testing.TestDatabase;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Sessions that write both tables at the same time: the triggers that keep a foreign key miss no row of theirs. */
@ExtendWith(FreshDatabase.class)
class ForeignKeyTriggersUnderWritersTest {
    private TestDatabase database;
    private MigrationFixture orders;

    @BeforeEach
    void orders() {
        orders = ReferredOrders.in(database);
    }

    /** In both orders: the second waits for the first, and goes by its result. */
    @Test
    void aRowThatIsInsertedAndOneThatIsDeletedAtTheSameTimeNeverMissEachOther() throws Exception {
        swappedWithLines(orders, "");
        try (Connection first = database.connect();
                Statement statement = first.createStatement()) {
            first.setAutoCommit(false);

            statement.execute("INSERT INTO lines VALUES (100, 21)");
            Future<Void> deleting =
                    MigrationFixture.inBackground(() -> assertThat(database.errorOf("DELETE FROM orders WHERE id = 21"))
                            .isEqualTo("23503"));
            orders.awaitBlockedStatement("DELETE FROM orders WHERE id = 21");
            first.commit();
            MigrationFixture.join(deleting);

            statement.execute("INSERT INTO lines VALUES (101, 22)");
            Future<Void> kept =
                    MigrationFixture.inBackground(() -> assertThat(database.errorOf("DELETE FROM orders WHERE id = 22"))
                            .isEqualTo(""));
            orders.awaitBlockedStatement("DELETE FROM orders WHERE id = 22");
            first.rollback();
            MigrationFixture.join(kept);

            statement.execute("DELETE FROM orders WHERE id = 23");
            Future<Void> inserting = MigrationFixture.inBackground(
                    () -> assertThat(database.errorOf("INSERT INTO lines VALUES (102, 23)"))
                            .isEqualTo("23503"));
            orders.awaitBlockedStatement("INSERT INTO lines VALUES (102, 23)");
            first.commit();
            MigrationFixture.join(inserting);

            statement.execute("UPDATE orders SET id = 524 WHERE id = 24");
            Future<Void> finding = MigrationFixture.inBackground(
                    () -> assertThat(database.errorOf("INSERT INTO lines VALUES (103, 24)"))
                            .isEqualTo(""));
            orders.awaitBlockedStatement("INSERT INTO lines VALUES (103, 24)");
            first.rollback();
            MigrationFixture.join(finding);
        }
        assertThat(database.queryLong(
                        "SELECT count(*) FROM lines AS l WHERE NOT EXISTS (SELECT FROM orders AS o WHERE o.id = l.o)"))
                .isZero();
    }

    @Test
    void aTransactionOfOneSnapshotMayInsertButNotDelete() throws SQLException {
        swappedWithLines(orders, "");

        assertThat(database.errorOf(
                        "SET TRANSACTION ISOLATION LEVEL REPEATABLE READ", "DELETE FROM orders WHERE id = 25"))
                .isEqualTo("0A000");
        assertThat(database.errorOf(
                        "SET TRANSACTION ISOLATION LEVEL SERIALIZABLE", "UPDATE orders SET id = 525 WHERE id = 25"))
                .isEqualTo("0A000");
        assertThat(
                        database.errorOf(
                                "SET TRANSACTION ISOLATION LEVEL REPEATABLE READ",
                                "INSERT INTO lines VALUES (100, 25)",
                                "UPDATE orders SET created_at = created_at + interval '1 month', status = 'moved' WHERE id = 25"))
                .isEmpty();
    }

    /** A foreign key does not even wait here, since such an update leaves its key alone. */
    @ParameterizedTest
    @ValueSource(strings = {"native", "trigger"})
    void aRowThatMovesWhileItIsReferredToIsWaitedForAndFound(String routing) throws Exception {
        if (routing.equals("trigger")) {
            orders.routedByTrigger();
        }
        swappedWithLines(orders, "ON DELETE CASCADE");
        List<String> deadlocks = new CopyOnWriteArrayList<>();
        try (Connection first = database.connect();
                Statement statement = first.createStatement()) {
            first.setAutoCommit(false);
            for (int id = 21; id < 23; id++) {
                String insert = "INSERT INTO lines VALUES (%d, %d)".formatted(100 + id, id);
                statement.execute("UPDATE orders SET created_at = created_at + interval '1 month' WHERE id = " + id);
                Future<Void> inserting = MigrationFixture.inBackground(
                        () -> assertThat(database.errorOf(insert)).isEqualTo(""));
                orders.awaitBlockedStatement(insert);
                if (id == 21) {
                    first.commit();
                } else {
                    first.rollback();
                }
                MigrationFixture.join(inserting);
            }
            // A foreign key would not find it.
            statement.execute("DELETE FROM orders WHERE id = 24");
            statement.execute("INSERT INTO orders (id, status, created_at) VALUES (24, 'anew', '2024-03-03')");
            Future<Void> finding = MigrationFixture.inBackground(
                    () -> assertThat(database.errorOf("INSERT INTO lines VALUES (124, 24)"))
                            .isEqualTo(""));
            orders.awaitBlockedStatement("INSERT INTO lines VALUES (124, 24)");
            first.commit();
            MigrationFixture.join(finding);
            statement.execute("UPDATE orders SET created_at = created_at + interval '1 month' WHERE id = 25");
            Future<Void> ofOneSnapshot = MigrationFixture.inBackground(() -> assertThat(database.errorOf(
                            "SET TRANSACTION ISOLATION LEVEL REPEATABLE READ", "INSERT INTO lines VALUES (125, 25)"))
                    .isEqualTo("40001"));
            orders.awaitBlockedStatement("INSERT INTO lines VALUES (125, 25)");
            first.commit();
            MigrationFixture.join(ofOneSnapshot);
            // Each moves the row that the other refers to.
            statement.execute("INSERT INTO lines VALUES (126, 26)");
            String move = "UPDATE orders SET created_at = created_at + interval '1 month' WHERE id = ";
            Future<Void> moving =
                    MigrationFixture.inBackground(() -> deadlocks.add(database.errorOf(move + 27, move + 26)));
            orders.awaitBlockedStatement(move + 26);
            try {
                statement.execute("INSERT INTO lines VALUES (127, 27)");
                first.commit();
            } catch (SQLException e) {
                deadlocks.add(e.getSQLState());
                first.rollback();
            }
            MigrationFixture.join(moving);
            assertThat(deadlocks).contains("40P01");
            // The row was moved and then deleted, so it is gone.
            statement.execute("UPDATE orders SET created_at = created_at + interval '1 month' WHERE id = 23");
            statement.execute("DELETE FROM orders WHERE id = 23");
            Future<Void> inserting = MigrationFixture.inBackground(
                    () -> assertThat(database.errorOf("INSERT INTO lines VALUES (123, 23)"))
                            .isEqualTo("23503"));
            orders.awaitBlockedStatement("INSERT INTO lines VALUES (123, 23)");
            first.commit();
            MigrationFixture.join(inserting);
        }
    }

    @Test
    void aClientThatPreparedItsStatementsGoesOnAcrossTheSwapAndTheRollback() throws SQLException {
        ReferredOrders.lines(database, "ON DELETE CASCADE");
        orders.incomingForeignKeys(IncomingForeignKeys.TRIGGER).throughVerification();
        try (Connection client = database.connect();
                PreparedStatement insert = client.prepareStatement("INSERT INTO lines (id, o) VALUES (?, ?)");
                PreparedStatement delete = client.prepareStatement("DELETE FROM orders WHERE id = ?")) {
            for (int round = 0; round < 3; round++) {
                if (round == 1) {
                    orders.swap();
                } else if (round == 2) {
                    orders.reverseSwap();
                }
                for (int i = 0; i < 8; i++) {
                    int id = 1000 + 10 * round + i;
                    insert.setInt(1, id);
                    insert.setInt(2, 40 - i - 10 * round);
                    assertThat(insert.executeUpdate()).isEqualTo(1);
                    delete.setInt(1, 40 - i - 10 * round);
                    assertThat(delete.executeUpdate()).isEqualTo(1);
                }
                assertThat(database.queryLong("SELECT count(*) FROM lines WHERE id >= 1000"))
                        .isZero();
            }
        }
    }

    /**
     * Orders with their lines in one transaction, and lines of existing orders: they lock the tables in both orders.
     */
    @Test
    void writersOfBothTablesNoticeNothing() throws Exception {
        ReferredOrders.lines(database, "ON DELETE CASCADE");
        orders.incomingForeignKeys(IncomingForeignKeys.TRIGGER).throughVerification();
        AtomicBoolean over = new AtomicBoolean();
        Future<Void> parents = MigrationFixture.inBackground(() -> {
            try (Connection connection = database.connect();
                    Statement statement = connection.createStatement()) {
                for (int id = 10_000; !over.get(); id++) {
                    connection.setAutoCommit(false);
                    statement.execute(
                            "INSERT INTO orders (id, status, created_at) VALUES (%d, 'x', '2024-03-03')".formatted(id));
                    statement.execute("INSERT INTO lines VALUES (%1$d, %1$d)".formatted(id));
                    connection.commit();
                    connection.setAutoCommit(true);
                    if (id % 3 == 0) {
                        statement.execute("DELETE FROM orders WHERE id = " + id);
                    }
                }
            }
            return null;
        });
        Future<Void> children = MigrationFixture.inBackground(() -> {
            try (Connection connection = database.connect();
                    Statement statement = connection.createStatement()) {
                for (int id = 1_000_000; !over.get(); id++) {
                    statement.execute("INSERT INTO lines VALUES (%d, %d)".formatted(id, 1 + id % 40));
                }
            }
            return null;
        });

        orders.swap();
        orders.reverseSwap();
        orders.swap();
        over.set(true);
        MigrationFixture.join(parents);
        MigrationFixture.join(children);

        assertThat(database.queryLong(
                        "SELECT count(*) FROM lines AS l WHERE NOT EXISTS (SELECT FROM orders AS o WHERE o.id = l.o)"))
                .isZero();
        assertThat(database.queryLong("SELECT count(*) FROM lines WHERE id BETWEEN 10000 AND 999999"))
                .isPositive();
    }
}
