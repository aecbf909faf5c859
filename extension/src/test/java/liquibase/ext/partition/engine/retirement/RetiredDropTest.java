package liquibase.ext.partition.engine.retirement;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.sql.SQLException;
import java.util.List;
import liquibase.ext.partition.engine.MigrationFixture;
import liquibase.ext.partition.engine.PartitionException;
import liquibase.ext.partition.testing.FreshDatabase;
import liquibase.ext.partition.testing.TestDatabase;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;

/** Partitions that leave to be dropped, and their drop. */
@ExtendWith(FreshDatabase.class)
class RetiredDropTest {
    private TestDatabase database;

    private MigrationFixture orders() {
        return MigrationFixture.ofOrders(database, 120, 6);
    }

    private List<String> tables() {
        return database.queryStrings(
                "SELECT relname FROM pg_class WHERE relkind = 'r' AND relname BETWEEN 'orders_202401' AND 'orders_202405' ORDER BY 1");
    }

    private List<String> states() {
        return database.queryStrings("SELECT partition_name || ' ' || state FROM partition_retirement ORDER BY id");
    }

    private void assertSaid(MigrationFixture table, String... parts) {
        assertThat(table.lines()).anySatisfy(line -> assertThat(line).contains(parts));
    }

    @Test
    void whatHasLeftIsDroppedAndNothingElse() throws SQLException {
        MigrationFixture orders = orders().throughSwap().retireBefore("2024-02").retireToDropBefore("2024-04");
        List<String> rows = orders.rows();
        assertThat(tables()).hasSize(5);

        orders.dropRetired();

        assertThat(tables()).containsExactly("orders_202401", "orders_202404", "orders_202405");
        assertThat(states())
                .containsExactly("orders_202401 detached", "orders_202402 dropped", "orders_202403 dropped");
        assertSaid(orders, "dropRetiredPartitions: public.orders_202402, which had left public.orders, is dropped.");
        assertThat(orders.rows()).isEqualTo(rows);
        int lines = orders.lines().size();
        orders.dropRetired();
        assertThat(orders.lines()).hasSize(lines);
        orders.reverseSwap();
        assertThat(orders.rows()).isEqualTo(rows);
        orders.swap().dropBackup();
        assertThat(orders.rows()).isEqualTo(rows);
    }

    @Test
    void whoWritesToWhatIsToBeDroppedIsToldAndLosesNothing() throws SQLException {
        MigrationFixture orders = orders().throughSwap().dropBackup().retireToDropBefore("2024-02");
        for (String write : List.of(
                "INSERT INTO orders_202401 VALUES (1001, 'lost', 1, 'x', '2024-01-03')",
                "UPDATE orders_202401 SET status = 'lost' WHERE id = 12",
                "SET session_replication_role = replica; INSERT INTO orders_202401 VALUES (1001, 'lost', 1, 'x', '2024-01-03')")) {
            assertThat(database.messageOf(write))
                    .contains(
                            "table public.orders_202401 has left public.orders and is to be dropped, so that nothing is written to it",
                            "a row of that time goes to its default partition");
        }
        database.execute(
                "DELETE FROM orders_202401 WHERE id = 12",
                "INSERT INTO orders VALUES (1001, 'kept', 1, 'x', '2024-01-03')");
        assertThat(database.queryLong("SELECT count(*) FROM orders_202401")).isEqualTo(19);
        orders.dropRetired();
        assertThat(tables()).doesNotContain("orders_202401");
        assertThat(database.queryLong("SELECT count(*) FROM orders WHERE id = 1001"))
                .isEqualTo(1);
    }

    @Test
    void whatMayHaveBeenWrittenToIsKept() throws SQLException {
        MigrationFixture orders = orders().throughSwap().dropBackup().retireToDropBefore("2024-04");
        database.execute(
                "ALTER TABLE orders_202401 DISABLE TRIGGER USER",
                "INSERT INTO orders_202401 VALUES (1001, 'written', 1, 'x', '2024-01-03')",
                "ALTER TABLE orders_202401 ENABLE ALWAYS TRIGGER liquibase_partition_retired",
                "DROP TRIGGER liquibase_partition_retired ON orders_202402");

        orders.dropRetired();

        assertThat(tables()).contains("orders_202401", "orders_202402").doesNotContain("orders_202403");
        assertSaid(
                orders,
                "WARNING: public.orders_202401, which has left public.orders, is not dropped: the trigger liquibase_partition_retired, which keeps rows from being written to it, was disabled",
                "DROP TABLE \"public\".\"orders_202401\"");
        database.execute("DROP TABLE public.orders_202401");
        orders.dropRetired();
        assertSaid(orders, "public.orders_202401, which had left public.orders, was dropped by somebody.");
        assertThat(states())
                .containsExactly("orders_202401 dropped", "orders_202402 detached", "orders_202403 dropped");
    }

    @Test
    void anotherTableOfTheNameOrAPartitionAgainIsKept() throws SQLException {
        MigrationFixture orders = orders().throughSwap().dropBackup().retireToDropBefore("2024-04");
        database.execute(
                "ALTER TABLE orders_202401 RENAME TO january",
                "CREATE TABLE orders_202401 (another int)",
                "ALTER TABLE orders ATTACH PARTITION orders_202402 FOR VALUES FROM ('2024-02-01 00:00+00') TO ('2024-03-01 00:00+00')",
                "CREATE VIEW march AS SELECT * FROM orders_202403");

        orders.dropRetired();

        assertThat(tables()).contains("orders_202401", "orders_202402", "orders_202403");
        assertThat(database.queryString("SELECT to_regclass('january') IS NULL"))
                .isEqualTo("t");
        assertSaid(
                orders,
                "public.orders_202402, which had left public.orders, is a partition again, and is not dropped.");
        assertSaid(
                orders,
                "public.orders_202403, which has left public.orders, is not dropped: others depend on it",
                "march");
        assertThat(states())
                .containsExactly("orders_202401 dropped", "orders_202402 attached", "orders_202403 detached");
    }

    @Test
    void whoDeletesWhatItRefersToDoesNotFail() throws SQLException {
        database.execute(
                "CREATE TABLE customers (id int PRIMARY KEY)",
                "INSERT INTO customers SELECT generate_series(0, 9)",
                "CREATE TABLE orders (id bigint PRIMARY KEY, one int REFERENCES customers ON DELETE CASCADE, other int REFERENCES customers ON DELETE SET NULL, created_at timestamptz NOT NULL)",
                "INSERT INTO orders SELECT i, i % 10, (i + 1) % 10, timestamptz '2024-01-15' + (i % 12) * interval '1 month' FROM generate_series(1, 240) AS i",
                "ANALYZE orders");
        MigrationFixture orders = MigrationFixture.of(database, "public", "orders", "created_at", "id")
                .throughSwap()
                .dropBackup()
                .retireToDropBefore("2024-02");

        database.execute("DELETE FROM customers WHERE id = 4");

        assertThat(database.queryLong("SELECT count(*) FROM orders_202401 WHERE one = 4"))
                .isZero();
        orders.dropRetired();
        assertThat(tables()).doesNotContain("orders_202401");
    }

    @Test
    void aDropCannotBeUndoneAndOneOfAnEarlierUpdateKeepsNoRollback() throws SQLException {
        MigrationFixture orders = orders().throughSwap()
                .dropBackup()
                .retireToDropBefore("2024-02")
                .dropRetired();

        assertThatThrownBy(() ->
                        orders.step("rollback", run -> RetiredDrop.undo(run, MigrationFixture.LOCK, "a later update")))
                .isInstanceOf(PartitionException.class)
                .hasMessageContaining("[public.orders_202401], which had left public.orders, was dropped");
        orders.step("rollback", run -> RetiredDrop.undo(run, MigrationFixture.LOCK, "another update"));
    }

    @Test
    void whatSomebodyHasAttachedWithItsTriggerLeavesAgain() throws SQLException {
        MigrationFixture orders = orders().throughSwap().dropBackup().retireToDropBefore("2024-02");
        database.execute(
                "ALTER TABLE orders ATTACH PARTITION orders_202401 FOR VALUES FROM ('2024-01-01 00:00+00') TO ('2024-02-01 00:00+00')");

        orders.retireToDropBefore("2024-02");

        assertThat(states()).containsExactly("orders_202401 attached", "orders_202401 detached");
        orders.dropRetired();
        assertThat(tables()).doesNotContain("orders_202401");
        assertThat(orders.lines()).noneMatch(line -> line.contains("WARNING"));
    }
}
