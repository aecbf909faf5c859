package liquibase.ext.partition.engine.routing;

import static liquibase.ext.partition.engine.routing.RoutedOrders.insert;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.catchThrowable;

import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import liquibase.ext.partition.engine.Transaction;
import liquibase.ext.partition.engine.partitioning.PartitionInterval;
import liquibase.ext.partition.engine.sql.QualifiedName;
import liquibase.ext.partition.testing.FreshDatabase;
import liquibase.ext.partition.testing.TestDatabase;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Rows whose time is updated, and which move to another child. */
@ExtendWith(FreshDatabase.class)
class RoutedUpdatesTest {
    private TestDatabase database;

    private RoutedOrders orders() {
        return RoutedOrders.planned(database, PartitionInterval.MONTH).make(RoutedOrders.COLUMNS);
    }

    private void assertParentIsEmpty() {
        assertThat(database.queryLong("SELECT count(*) FROM ONLY orders")).isZero();
    }

    @ParameterizedTest
    @ValueSource(booleans = {false, true})
    void movesARowWhoseMonthChanges(boolean asTheWriter) throws Exception {
        RoutedOrders orders = orders().attach();
        if (asTheWriter) {
            database.execute("CREATE FUNCTION noted() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN NULL; END'");
            for (QualifiedName child : orders.children()) {
                database.execute("CREATE TRIGGER noted AFTER INSERT OR DELETE ON " + child.quoted()
                        + " FOR EACH ROW EXECUTE FUNCTION noted()");
            }
        }
        database.execute(
                insert(1, "2024-01-05 00:00+00"),
                insert(2, "2024-01-06 00:00+00"),
                insert(3, null),
                insert(4, "2024-02-06 00:00+00"));

        try (Transaction writer = Transaction.begin(database)) {
            assertThat(writer.update("UPDATE orders SET at = '2024-02-05 00:00+00', note = 'moved' WHERE id = 1"))
                    .isEqualTo(1);
            // In the same transaction: back, in place, to a new child, into the default child and out of it.
            assertThat(writer.update("UPDATE orders SET at = '2024-01-07 00:00+00' WHERE id = 1"))
                    .isEqualTo(1);
            assertThat(writer.update("UPDATE orders SET note = note || '!' WHERE id IN (1, 2)"))
                    .isEqualTo(2);
            assertThat(writer.update("UPDATE orders SET at = NULL WHERE id = 2"))
                    .isEqualTo(1);
            assertThat(writer.update("UPDATE orders SET at = '2024-08-05 00:00+00' WHERE id = 3"))
                    .isEqualTo(1);
            writer.commit();
        }
        assertThat(orders.rows())
                .containsExactly(
                        "orders_202401 1 2024-01-07 moved!",
                        "orders_default 2 null none!",
                        "orders_202408 3 2024-08-05 none",
                        "orders_202402 4 2024-02-06 none");

        try (Transaction writer = Transaction.begin(database)) {
            assertThat(writer.update("UPDATE orders SET at = coalesce(at, '2024-01-01 00:00+00') + interval '1 month'"))
                    .isEqualTo(4);
            writer.commit();
        }
        assertThat(orders.rows())
                .containsExactly(
                        "orders_202402 1 2024-02-07 moved!",
                        "orders_202402 2 2024-02-01 none!",
                        "orders_202409 3 2024-09-05 none",
                        "orders_202403 4 2024-03-06 none");
        assertParentIsEmpty();
    }

    @Test
    void movesSomeRowsOfAStatementAndLeavesTheOthers() {
        RoutedOrders orders = orders().attach();
        database.execute(
                "INSERT INTO orders (id, at) SELECT i, timestamptz '2024-01-05 00:00+00' FROM generate_series(1, 6) AS i");

        // An id that is in two children: the row that stays in one is not taken for the row that moved to the other.
        database.execute(insert(3, "2024-03-09 00:00+00"));

        database.execute(
                "UPDATE orders SET note = 'u', at = CASE WHEN id % 2 = 0 THEN at + make_interval(months => id::int) ELSE at END WHERE at < '2024-02-01 00:00+00'");

        assertThat(orders.rows())
                .containsExactly(
                        "orders_202401 1 2024-01-05 u",
                        "orders_202403 2 2024-03-05 u",
                        "orders_202401 3 2024-01-05 u",
                        "orders_202403 3 2024-03-09 none",
                        "orders_202405 4 2024-05-05 u",
                        "orders_202401 5 2024-01-05 u",
                        "orders_202407 6 2024-07-05 u");
    }

    @Test
    void removesNoRowForAWriterWhoSetsItsSettingsByHand() {
        RoutedOrders orders = orders().attach();
        database.execute(insert(1, "2024-01-05 00:00+00"));

        database.execute("""
                BEGIN;
                SELECT set_config('liquibase_partition.moved', tableoid || ':' || ctid, true) FROM orders;
                UPDATE orders SET note = 'kept';
                COMMIT""");

        assertThat(orders.rows()).containsExactly("orders_202401 1 2024-01-05 kept");
    }

    @Test
    void movesWhatWasInTheDefaultChildOnceItIsUpdated() {
        RoutedOrders orders = orders();
        database.execute(
                "INSERT INTO orders_default (id, at) VALUES (1, '2024-02-05 00:00+00'), (2, '2024-05-05 00:00+00')");
        orders.attach();

        database.execute("UPDATE orders SET note = 'touched'");

        assertThat(orders.rows())
                .containsExactly("orders_202402 1 2024-02-05 touched", "orders_202405 2 2024-05-05 touched");
    }

    @Test
    void showsTheNewValuesOfAMovedRowExceptItsTime() throws Exception {
        orders().attach();
        database.execute(insert(1, "2024-01-05 00:00+00"));

        try (Transaction writer = Transaction.begin(database)) {
            assertThat(
                            writer.query(
                                    "UPDATE orders SET at = '2024-02-05 00:00+00', note = 'new' RETURNING note || to_char(at AT TIME ZONE 'UTC', ' YYYY-MM-DD')"))
                    .isEqualTo("new 2024-01-05");
        }
    }

    @Test
    void checksDeferredConstraintsOfAMovedRowAtTheEnd() throws Exception {
        RoutedOrders orders = orders();
        database.execute("CREATE TABLE kind (note text PRIMARY KEY)", "INSERT INTO kind VALUES ('none')");
        for (QualifiedName child : orders.children()) {
            database.execute(
                    "ALTER TABLE %s ADD FOREIGN KEY (note) REFERENCES kind DEFERRABLE INITIALLY DEFERRED, ADD UNIQUE (note, id) DEFERRABLE INITIALLY DEFERRED"
                            .formatted(child.quoted()));
        }
        orders.attach();

        try (Transaction writer = Transaction.begin(database)) {
            writer.run(
                    insert(1, "2024-01-05 00:00+00"),
                    "UPDATE orders SET at = '2024-02-05 00:00+00', note = 'later'",
                    "INSERT INTO kind VALUES ('later')");
            writer.commit();
            writer.run("UPDATE orders SET at = '2024-03-05 00:00+00', note = 'never'");
            assertThatThrownBy(writer::commit).hasMessageContaining("violates foreign key constraint");
        }
        assertThat(orders.rows()).containsExactly("orders_202402 1 2024-02-05 later");
    }

    @Test
    void findsNoRowForAWriterWhoWaitedForOneThatMoved() throws Exception {
        RoutedOrders orders = orders().attach();
        database.execute(insert(1, "2024-01-05 00:00+00"));
        ExecutorService thread = Executors.newSingleThreadExecutor();
        try (Transaction mover = Transaction.begin(database);
                Transaction late = Transaction.begin(database)) {
            mover.run("UPDATE orders SET at = '2024-02-05 00:00+00'");
            Future<Integer> count = thread.submit(() -> late.update("UPDATE orders SET note = 'late' WHERE id = 1"));
            database.awaitTrue("SELECT count(*) = 1 FROM pg_locks WHERE NOT granted");
            mover.commit();

            assertThat(count.get()).isZero();
            late.commit();
        } finally {
            thread.shutdownNow();
        }
        assertThat(orders.rows()).containsExactly("orders_202402 1 2024-02-05 none");
    }

    @Test
    void aTriggerThatKeepsARowFromBeingDeletedKeepsItFromMoving() {
        RoutedOrders orders = orders();
        database.execute("CREATE FUNCTION keep() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN NULL; END'");
        for (QualifiedName child : orders.children()) {
            database.execute(
                    "CREATE TRIGGER keep BEFORE DELETE ON " + child.quoted() + " FOR EACH ROW EXECUTE FUNCTION keep()");
        }
        orders.attach();
        database.execute(insert(1, "2024-01-05 00:00+00"));

        assertThatThrownBy(() -> database.execute("UPDATE orders SET at = '2024-02-05 00:00+00'"))
                .hasMessageContaining(
                        "cannot move to another child, because a trigger keeps it from being deleted here");

        assertThat(orders.rows()).containsExactly("orders_202401 1 2024-01-05 none");
    }

    @Test
    void aTriggerThatSortsAfterTheRoutingsOwnKeepsRowsFromMovingUntilItHasTheNameThatTheMessageGives() {
        RoutedOrders orders = orders().attach();
        database.execute(
                "CREATE FUNCTION keep() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN NULL; END'",
                insert(1, "2024-01-06 00:00+00"),
                "CREATE TRIGGER \"été\" BEFORE UPDATE ON orders_202401 FOR EACH ROW EXECUTE FUNCTION keep()");

        String move = "UPDATE orders SET at = '2024-02-06 00:00+00'";
        String message = catchThrowable(() -> database.execute(move)).getMessage();
        assertThat(message)
                .contains("cannot move to another child, because trigger \"été\" fires after the one that moves it");
        assertThat(orders.rows()).containsExactly("orders_202401 1 2024-01-06 none");

        database.execute(message.substring(
                message.indexOf("ALTER TRIGGER"), message.indexOf(";", message.indexOf("ALTER TRIGGER"))));
        database.execute(move);
        assertThat(orders.rows()).containsExactly("orders_202401 1 2024-01-06 none");
    }

    @Test
    void aMoveSatisfiesAChecksAndUniqueIndexesOfTheTimeBesideOtherColumns() {
        RoutedOrders orders = RoutedOrders.planned(database, PartitionInterval.MONTH)
                .make(RoutedOrders.COLUMNS
                        + ", done timestamptz, seen timestamptz, room int, CHECK (done >= at), CHECK (seen >= done)");
        for (QualifiedName child : orders.children()) {
            database.execute("CREATE UNIQUE INDEX ON " + child.quoted() + " ((room + 1), at)");
        }
        orders.attach();
        database.execute(
                "INSERT INTO orders (id, at, done, seen, room) SELECT i, '2024-03-05 00:00+00', '2024-03-06 00:00+00', '2024-03-07 00:00+00', i FROM generate_series(1, 2) AS i",
                "UPDATE orders SET note = 'back', at = at - interval '1 month', done = done - interval '1 month', seen = seen - interval '1 month' WHERE id = 1",
                "UPDATE orders SET room = 1, at = '2024-03-04 00:00+00' WHERE id = 2",
                "UPDATE orders SET room = 2, at = '2024-03-04 12:00+00' WHERE id = 2",
                "INSERT INTO orders (id, at, room) VALUES (3, '2024-03-04 12:00+00', 3)",
                "UPDATE orders SET room = 2, at = '2024-04-04 12:00+00' WHERE id = 3");

        assertThat(
                        database.queryStrings(
                                "SELECT concat_ws(' ', tableoid::regclass, id, note, to_char(done AT TIME ZONE 'UTC', 'MM-DD'), to_char(seen AT TIME ZONE 'UTC', 'MM-DD'), room) FROM orders ORDER BY id"))
                .containsExactly(
                        "orders_202402 1 back 02-06 02-07 1",
                        "orders_202403 2 none 03-06 03-07 2",
                        "orders_202404 3 none 2");
    }

    /** The snapshot has the former name of a column that a CHECK compares with the time. */
    @Test
    void aMoveByASnapshotThatIsOlderThanTheNameOfAColumnSatisfiesItsCheck() throws Exception {
        RoutedOrders orders = RoutedOrders.planned(database, PartitionInterval.MONTH)
                .make(RoutedOrders.COLUMNS + ", done timestamptz, CHECK (done >= at)")
                .attach();
        database.execute("INSERT INTO orders (id, at, done) VALUES (1, '2024-03-05 00:00+00', '2024-03-06 00:00+00')");
        try (Transaction old = Transaction.beginRepeatableRead(database)) {
            old.run("SELECT 1 FROM pg_class LIMIT 1");
            database.execute("ALTER TABLE orders RENAME COLUMN done TO finished");
            old.run("UPDATE orders SET at = at - interval '1 month', finished = finished - interval '1 month'");
            old.commit();
        }
        assertThat(orders.rows()).containsExactly("orders_202402 1 2024-02-05 none");
    }
}
