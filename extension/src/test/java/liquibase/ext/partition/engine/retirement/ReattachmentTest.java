package liquibase.ext.partition.engine.retirement;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.sql.SQLException;
import java.time.LocalDate;
import java.util.List;
import liquibase.ext.partition.engine.MigrationFixture;
import liquibase.ext.partition.engine.PartitionException;
import liquibase.ext.partition.engine.pace.GivenPace;
import liquibase.ext.partition.engine.swap.CatchUp;
import liquibase.ext.partition.testing.FreshDatabase;
import liquibase.ext.partition.testing.TestDatabase;
import liquibase.ext.partition.testing.Workload;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;

/** The rollback of a retirement. */
@ExtendWith(FreshDatabase.class)
class ReattachmentTest {
    private TestDatabase database;

    private MigrationFixture orders() {
        return MigrationFixture.ofOrders(database, 120, 6);
    }

    private List<String> partitions() {
        return database.queryStrings("""
                SELECT c.relname FROM pg_inherits AS i JOIN pg_class AS c ON c.oid = i.inhrelid
                WHERE i.inhparent = 'orders'::regclass AND c.relname < 'orders_202405' ORDER BY 1""");
    }

    private List<String> states() {
        return database.queryStrings("SELECT partition_name || ' ' || state FROM partition_retirement ORDER BY id");
    }

    @Test
    void whatHasLeftLastIsBackWithItsLateRowsAndTheRestStays() throws SQLException {
        MigrationFixture orders = orders().throughSwap().dropBackup();
        database.execute("CREATE SCHEMA retired");
        List<String> rows = orders.rows();
        orders.retireBefore("2024-02");
        orders.retire(MigrationFixture.detaching("2024-04", "retired"), MigrationFixture.LOCK);
        database.execute(
                "INSERT INTO orders VALUES (1001, 'late', 1, 'x', '2024-02-03'), (1002, 'late', 1, 'x', '2024-01-03')",
                "INSERT INTO retired.orders_202403 VALUES (1003, 'there', 1, 'x', '2024-03-03')",
                "CREATE INDEX made_since ON orders (status)");

        orders.undoRetirement();

        assertThat(partitions()).containsExactly("orders_202402", "orders_202403", "orders_202404");
        assertThat(database.queryStrings(
                        "SELECT id || ' ' || tableoid::regclass FROM orders WHERE id > 1000 ORDER BY orders.id"))
                .containsExactly("1001 orders_202402", "1002 orders_default", "1003 orders_202403");
        assertThat(states())
                .containsExactly("orders_202401 detached", "orders_202402 attached", "orders_202403 attached");
        assertThat(database.queryStrings("SELECT conname FROM pg_constraint WHERE conname LIKE 'liquibase%'"))
                .isEmpty();
        assertThat(orders.lines()).contains("rollback: public.orders_202402 is a partition of public.orders again.");
        orders.undoRetirement();
        assertThat(partitions()).hasSize(4);
        database.execute("DELETE FROM orders WHERE id > 1000");
        assertThat(orders.rows()).isEqualTo(rows);
        orders.undoRetirement();
        orders.retireBefore("2024-04");
        assertThat(partitions()).containsExactly("orders_202404");
    }

    @Test
    void whatWasToBeDroppedCanBeWrittenAgain() throws SQLException {
        MigrationFixture orders = orders().throughSwap().dropBackup().retireToDropBefore("2024-03");
        database.execute("DROP TABLE orders_202401");

        orders.undoRetirement();

        assertThat(partitions()).contains("orders_202402").doesNotContain("orders_202401");
        assertThat(orders.lines())
                .contains(
                        "rollback: public.orders_202401, which has left public.orders, was dropped, and does not come back.");
        database.execute("INSERT INTO orders VALUES (1001, 'late', 1, 'x', '2024-02-03')");
        assertThat(database.queryString("SELECT tableoid::regclass::text FROM orders WHERE id = 1001"))
                .isEqualTo("orders_202402");
        orders.dropRetired();
        assertThat(partitions()).contains("orders_202402");
    }

    /** What is back goes there and back with the table, whether or not the backup has lost its rows already. */
    @Test
    void theWayBackOfTheSwapHasItsRowsAgain() throws Exception {
        MigrationFixture orders = orders();
        database.execute("UPDATE orders SET created_at = '2024-05-15 12:00+00' WHERE created_at < '2024-04-01'");
        orders.throughSwap();
        try (Workload workload = Workload.on(database, "public.orders", "id", "created_at")
                .between(LocalDate.of(2024, 5, 1), LocalDate.of(2024, 7, 1))
                .writers(4)
                .start()) {
            workload.awaitCommits(30);
            database.execute(
                    "INSERT INTO orders SELECT -10000000 - i, 'old', 1, 'x', timestamptz '2024-01-10 00:00+00' + i % 80 * interval '1 day' FROM generate_series(1, 2000) AS i");
            orders.retireBefore("2024-03");
            orders.step("catchUp", run -> CatchUp.run(run, CatchUp.DEFAULT_TIME, GivenPace.NOTHING));
            database.execute(
                    "UPDATE orders_202401 SET status = 'changed while it was away' WHERE id % 7 = 0",
                    "DELETE FROM orders_202402 WHERE id % 5 = 0",
                    "INSERT INTO orders VALUES (-20000000, 'late', 2, 'y', '2024-02-03')");

            orders.undoRetirement();

            database.execute("UPDATE orders SET status = 'changed since' WHERE id < -9000000 AND id % 11 = 0");
            List<String> ours = ours();
            workload.awaitCommits(30);
            orders.reverseSwap();
            assertThat(ours()).isEqualTo(ours);
            workload.awaitCommits(30);
            orders.swap();
            assertThat(ours()).isEqualTo(ours);
            orders.dropBackup();
            workload.stop();
            assertThat(ours()).isEqualTo(ours);
            database.execute("DELETE FROM orders WHERE id < -9000000");
            workload.assertNothingLost();
        }
        assertThat(orders.lines()).noneMatch(line -> line.matches(".* (is|are) compared .*"));
    }

    private List<String> ours() {
        return database.queryStrings("SELECT t::text FROM orders AS t WHERE id < -9000000 ORDER BY 1");
    }

    @Test
    void rowsInTheWayAreNamedWithTheirRemedy() throws SQLException {
        MigrationFixture orders = orders().throughSwap().dropBackup().retireBefore("2024-02");
        database.execute("INSERT INTO orders_202401 VALUES (1001, 'wrong', 1, 'x', '2024-02-01 00:00+00')");
        assertRefused(orders, "rows were written to it since that do not belong to its range");
        database.execute(
                "DELETE FROM orders_202401 WHERE id = 1001",
                "INSERT INTO orders SELECT * FROM orders_202401 WHERE id = 12");
        assertRefused(orders, "late rows in the default partition have keys that it has, too");
        database.execute(
                "DELETE FROM orders WHERE id = 12",
                "CREATE TABLE public.other ()",
                "ALTER TABLE orders_202401 RENAME TO january",
                "ALTER TABLE other RENAME TO orders_202401");
        assertRefused(orders, "something else has the name public.orders_202401");
        database.execute("DROP TABLE orders_202401", "ALTER TABLE orders ADD COLUMN later int");
        assertRefused(orders, "PostgreSQL refuses it: ");
        database.execute("ALTER TABLE january ADD COLUMN later int");
        orders.undoRetirement();
        assertThat(partitions()).contains("orders_202401");
    }

    /** Others roll back what they have deployed since, and Liquibase undoes this changeset with it. */
    @Test
    void whatHasLeftEarlierFailsNobodysRollback() throws SQLException {
        MigrationFixture orders = orders().throughSwap().dropBackup().retireBefore("2024-02");
        database.execute("INSERT INTO orders_202401 VALUES (1001, 'wrong', 1, 'x', '2024-02-01 00:00+00')");

        orders.undoRetirement("another update");

        assertThat(orders.lines())
                .anyMatch(line -> line.startsWith(
                                "rollback: WARNING: public.orders_202401, which has left public.orders, cannot be put back: ")
                        && line.endsWith("It has left in an earlier update, so that the rollback goes on."));
        assertThat(states()).containsExactly("orders_202401 detached");
        database.execute("DELETE FROM orders_202401 WHERE id = 1001");
        orders.undoRetirement("another update");
        assertThat(partitions()).contains("orders_202401");
    }

    private void assertRefused(MigrationFixture orders, String why) {
        assertThatThrownBy(() -> orders.undoRetirement())
                .isInstanceOf(PartitionException.class)
                .hasMessageContaining(", which has left public.orders, cannot be put back: ")
                .hasMessageContaining(why)
                .hasMessageContaining("Nothing was changed for it.");
        assertThat(partitions()).doesNotContain("orders_202401");
        assertThat(states()).containsExactly("orders_202401 detached");
        assertThat(database.queryStrings("SELECT conname FROM pg_constraint WHERE conname LIKE 'liquibase%'"))
                .isEmpty();
    }

    @Test
    void lateRowsThatOthersActUponAreLeftToPeople() throws SQLException {
        MigrationFixture orders = orders();
        database.execute(
                "CREATE TABLE deleted (id bigint)",
                "CREATE FUNCTION note() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN INSERT INTO public.deleted VALUES (OLD.id); RETURN OLD; END'",
                "CREATE TRIGGER note AFTER DELETE ON orders FOR EACH ROW EXECUTE FUNCTION note()");
        orders.throughSwap().dropBackup().retireBefore("2024-02");
        database.execute("INSERT INTO orders VALUES (1001, 'late', 1, 'x', '2024-01-03')");

        assertRefused(
                orders,
                "the default partition public.orders_default has 1 rows of its range, and to move these would delete them there, which the trigger note acts upon");

        assertThat(database.queryLong("SELECT count(*) FROM deleted")).isZero();
        database.execute("UPDATE orders SET created_at = '2024-06-03' WHERE id = 1001");
        orders.undoRetirement();
        assertThat(partitions()).contains("orders_202401");
    }

    @Test
    void manyLateRowsAreMovedByTheStatementThatIsTold() throws SQLException {
        MigrationFixture orders = orders().throughSwap().dropBackup().retireToDropBefore("2024-02");
        database.execute(
                "INSERT INTO orders SELECT 1000 + i, 'late', 1, 'x', '2024-01-03' FROM generate_series(1, 10001) AS i");
        assertThatThrownBy(() -> orders.undoRetirement()).satisfies(refused -> {
            String message = refused.getMessage();
            assertThat(message).contains("has more than 10,000 rows of its range");
            String told = message.substring(
                    message.indexOf("then roll back again:") + 21, message.indexOf(" Nothing was changed for it."));
            database.execute(told.split(";")[0], told.split(";")[1]);
        });

        orders.undoRetirement();

        assertThat(database.queryLong("SELECT count(*) FROM orders WHERE created_at < '2024-02-01'"))
                .isEqualTo(10021);
        assertThat(database.queryLong("SELECT count(*) FROM orders_default")).isZero();
    }

    @Test
    void whatLeftBeforeTheSwapWasTakenBackStaysAsItIs() throws SQLException {
        MigrationFixture orders = orders().throughSwap().retireBefore("2024-02").reverseSwap();

        orders.undoRetirement();

        assertThat(orders.lines())
                .contains(
                        "rollback: public.orders_202401, which has left public.orders, stays a table of its own, since the swap was taken back.");
        assertThat(states()).containsExactly("orders_202401 detached");
    }

    /** Somebody keeps what has left from being written, without a word. */
    @Test
    void lateRowsThatATriggerOfTheTableWouldDropAreLeftToPeople() throws SQLException {
        MigrationFixture orders = orders().throughSwap().dropBackup().retireBefore("2024-02");
        database.execute(
                "CREATE FUNCTION closed() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN NULL; END'",
                "CREATE TRIGGER closed BEFORE INSERT ON orders_202401 FOR EACH ROW EXECUTE FUNCTION closed()",
                "INSERT INTO orders VALUES (1001, 'late', 1, 'x', '2024-01-03')");
        assertRefused(orders, "which the trigger closed acts upon");
        assertThat(database.queryLong("SELECT count(*) FROM orders WHERE id = 1001"))
                .isEqualTo(1);
        database.execute(
                "DROP TRIGGER closed ON orders_202401",
                "CREATE TRIGGER closed AFTER DELETE ON orders_default FOR EACH ROW EXECUTE FUNCTION closed()");
        assertRefused(orders, "which the trigger closed acts upon");
    }

    @Test
    void aPartitionOfAnotherTableStaysThere() throws SQLException {
        MigrationFixture orders = orders().throughSwap().dropBackup().retireBefore("2024-02");
        database.execute(
                "CREATE TABLE archive (LIKE orders) PARTITION BY RANGE (created_at)",
                "ALTER TABLE archive ATTACH PARTITION orders_202401 FOR VALUES FROM ('2024-01-01 00:00+00') TO ('2024-02-01 00:00+00')");

        orders.undoRetirement();

        assertThat(orders.lines())
                .contains(
                        "rollback: public.orders_202401, which has left public.orders, is a partition, or a child, of another table now, and stays there.");
        assertThat(states()).containsExactly("orders_202401 detached");
    }
}
