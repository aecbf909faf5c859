package liquibase.ext.partition.engine.retirement;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.sql.Connection;
import java.sql.SQLException;
import java.sql.Statement;
import java.time.Duration;
import java.time.LocalDate;
import java.util.List;
import liquibase.ext.partition.engine.MigrationFixture;
import liquibase.ext.partition.engine.lock.LockNotAvailable;
import liquibase.ext.partition.engine.lock.LockPolicy;
import liquibase.ext.partition.engine.pace.GivenPace;
import liquibase.ext.partition.engine.swap.CatchUp;
import liquibase.ext.partition.testing.FreshDatabase;
import liquibase.ext.partition.testing.TestDatabase;
import liquibase.ext.partition.testing.Workload;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;

/** Partitions that leave between the swap and the drop of the backup, and the way back. */
@ExtendWith(FreshDatabase.class)
class RetirementWayBackTest {
    private TestDatabase database;

    private MigrationFixture orders() {
        return MigrationFixture.ofOrders(database, 120, 6);
    }

    private static void catchUp(MigrationFixture orders) throws SQLException {
        orders.step("catchUp", run -> CatchUp.run(run, CatchUp.DEFAULT_TIME, GivenPace.NOTHING));
    }

    private void assertNeverCompared(MigrationFixture orders) {
        assertThat(orders.lines()).noneMatch(line -> line.contains("The two are compared"));
    }

    @Test
    void whatHasLeftDoesNotComeBackAndWhatStaysIsNotLost() throws SQLException {
        MigrationFixture orders = orders().throughSwap();
        database.execute(
                "UPDATE orders SET created_at = '2024-02-20' WHERE id = 4",
                "UPDATE orders SET created_at = '2024-06-20' WHERE id = 13",
                "DELETE FROM orders WHERE id = 24");
        List<String> staying =
                database.queryStrings("SELECT t::text FROM orders AS t WHERE created_at >= '2024-04-01' ORDER BY 1");

        orders.retireBefore("2024-04");

        assertThat(orders.rows()).isEqualTo(staying);
        assertThat(orders.lines()).anyMatch(line -> line.endsWith("They leave the backup with the next replay."));
        orders.reverseSwap();
        assertThat(orders.rows()).isEqualTo(staying);
        assertThat(orders.kind()).isEqualTo("r");
        orders.swap();
        assertThat(orders.rows()).isEqualTo(staying);
        orders.retireBefore("2024-05");
        orders.dropBackup();
        assertThat(database.queryLong("SELECT count(*) FROM orders WHERE created_at < '2024-05-01'"))
                .isZero();
        assertThat(database.queryLong("SELECT count(*) FROM orders_202402")).isEqualTo(20);
        assertNeverCompared(orders);
    }

    /** The replay has brought some of the rows into the backup before they leave, and others are in the delta table. */
    @Test
    void thereAndBackUnderWriters() throws Exception {
        MigrationFixture orders = orders();
        database.execute("UPDATE orders SET created_at = '2024-05-15 12:00+00' WHERE created_at < '2024-04-01'");
        orders.throughSwap();
        try (Workload workload = Workload.on(database, "public.orders", "id", "created_at")
                .between(LocalDate.of(2024, 5, 1), LocalDate.of(2024, 7, 1))
                .writers(4)
                .start()) {
            workload.awaitCommits(50);
            database.execute(
                    "INSERT INTO orders SELECT -10000000 - i, 'old', 1, 'x', timestamptz '2024-01-10 00:00+00' + i % 80 * interval '1 day' FROM generate_series(1, 3000) AS i");
            catchUp(orders);
            database.execute(
                    "UPDATE orders SET created_at = '2024-01-10' WHERE id BETWEEN -10000040 AND -10000021",
                    "UPDATE orders SET status = 'changed' WHERE id BETWEEN -10000020 AND -10000011",
                    "DELETE FROM orders WHERE id BETWEEN -10000060 AND -10000051",
                    "UPDATE orders SET created_at = '2024-04-10' WHERE id BETWEEN -10000010 AND -10000001");

            orders.retireBefore("2024-04");

            database.execute(
                    "INSERT INTO orders SELECT id, 'late', 2, 'y', created_at FROM orders_202401 WHERE id BETWEEN -10000025 AND -10000021",
                    "INSERT INTO orders VALUES (-20000000, 'late', 2, 'y', '2024-02-03')");
            List<String> ours = ours();
            assertThat(ours).hasSize(16);
            workload.awaitCommits(30);
            orders.reverseSwap();
            assertThat(ours()).isEqualTo(ours);
            workload.awaitCommits(30);
            orders.swap();
            assertThat(ours()).isEqualTo(ours);
            workload.awaitCommits(30);
            orders.retireBefore("2024-05").dropBackup();
            workload.stop();
            database.execute("DELETE FROM orders WHERE id < -9000000");
            workload.assertNothingLost();
        }
        assertThat(
                        database.queryLong(
                                "SELECT (SELECT count(*) FROM orders_202401) + (SELECT count(*) FROM orders_202402) + (SELECT count(*) FROM orders_202403) + (SELECT count(*) FROM orders_202404)"))
                .isEqualTo(2990);
        assertNeverCompared(orders);
    }

    private List<String> ours() {
        return database.queryStrings("SELECT t::text FROM orders AS t WHERE id < -9000000 ORDER BY 1");
    }

    /** As when a run is killed once the keys are in the delta table: a replay goes by what the live table has. */
    @Test
    void keysOfAPartitionThatCouldNotLeaveDoNoHarm() throws SQLException {
        MigrationFixture orders = orders().throughSwap();
        try (Connection reader = database.connect();
                Statement statement = reader.createStatement()) {
            reader.setAutoCommit(false);
            statement.execute("SELECT count(*) FROM orders_202401");
            assertThatThrownBy(() -> orders.retireBefore("2024-02", null, new LockPolicy(Duration.ofMillis(50), 2)))
                    .isInstanceOf(LockNotAvailable.class);
        }
        assertThat(orders.deltaRows()).isEqualTo(20);
        List<String> rows = orders.rows();
        orders.reverseSwap();
        assertThat(orders.rows()).isEqualTo(rows).hasSize(120);
        orders.swap().retireBefore("2024-02");
        catchUp(orders);
        assertThat(orders.deltaRows()).isZero();
        assertThat(database.queryLong("SELECT count(*) FROM orders_old")).isEqualTo(100);
        orders.dropBackup();
        assertNeverCompared(orders);
    }

    @Test
    void afterABreakOfTheCaptureAPartitionStaysUntilTheBackupIsGone() throws SQLException {
        MigrationFixture orders = orders().throughSwap();
        database.execute(
                "ALTER TABLE orders_202401 DISABLE TRIGGER orders_delta_capture",
                "ALTER TABLE orders_202401 ENABLE ALWAYS TRIGGER orders_delta_capture");

        orders.retireBefore("2024-02");

        assertThat(orders.lines())
                .anyMatch(line -> line.contains("WARNING: public.orders_202401 of public.orders is older than the")
                        && line.contains("the triggers that capture its changes were altered"));
        assertThat(database.queryLong("SELECT count(*) FROM orders WHERE created_at < '2024-02-01'"))
                .isEqualTo(20);
        orders.dropBackup().retireBefore("2024-02");
        assertThat(database.queryLong("SELECT count(*) FROM orders WHERE created_at < '2024-02-01'"))
                .isZero();
    }

    @Test
    void aTableThatWasAttachedSinceTheSwapStaysUntilTheBackupIsGone() throws SQLException {
        MigrationFixture orders = orders().throughSwap();
        database.execute(
                "CREATE TABLE older (LIKE orders)",
                "INSERT INTO older VALUES (1001, 'older', 1, 'x', '2023-12-24')",
                "ALTER TABLE orders ATTACH PARTITION older FOR VALUES FROM ('2023-12-01 00:00+00') TO ('2024-01-01 00:00+00')");

        orders.retireBefore("2024-02");

        assertThat(database.queryStrings("SELECT partition_name FROM partition_retirement"))
                .containsExactly("orders_202401");
        assertThatThrownBy(orders::reverseSwap).hasMessageContaining("public.older has rows that the backup has not");
    }
}
