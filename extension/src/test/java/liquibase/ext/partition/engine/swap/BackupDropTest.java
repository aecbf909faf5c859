package liquibase.ext.partition.engine.swap;

import static liquibase.ext.partition.engine.MigrationFixture.advised;
import static liquibase.ext.partition.engine.MigrationFixture.insert;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.catchThrowable;

import java.sql.SQLException;
import java.time.Duration;
import liquibase.ext.partition.engine.MigrationFixture;
import liquibase.ext.partition.engine.PartitionException;
import liquibase.ext.partition.engine.lock.LockPolicy;
import liquibase.ext.partition.engine.pace.GivenPace;
import liquibase.ext.partition.engine.sql.Identifier;
import liquibase.ext.partition.testing.FreshDatabase;
import liquibase.ext.partition.testing.TestDatabase;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;

/** The backup is dropped once the live table has all that it has, and not before. */
@ExtendWith(FreshDatabase.class)
class BackupDropTest {
    private static final LockPolicy SHORT = new LockPolicy(Duration.ofMillis(50), 3);
    private TestDatabase database;
    private MigrationFixture orders;

    @BeforeEach
    void orders() {
        orders = MigrationFixture.ofOrders(database, 1000, 4);
    }

    @Test
    void theDropIsRefusedWhenTheLiveTableMissesARowOfTheBackup() throws SQLException {
        orders.throughSwap();
        database.execute(
                "ALTER TABLE orders DISABLE TRIGGER orders_delta_capture",
                "DELETE FROM orders WHERE id = 5",
                "ALTER TABLE orders ENABLE ALWAYS TRIGGER orders_delta_capture");

        assertThatThrownBy(orders::dropBackup)
                .isInstanceOf(PartitionException.class)
                .hasMessageContaining("differ in 1 rows")
                .hasMessageContaining("5 (in public.orders_old, not in public.orders)");
        assertThat(orders.exists(orders.backup())).isTrue();
    }

    /** Rows that somebody has changed and deleted behind the back of the capture, and one that was lost by mistake. */
    @Test
    void theBackupIsDroppedOnceWhatDiffersIsBroughtOverOrCapturedAsTheMessageSays() throws SQLException {
        orders.throughSwap();
        database.execute(
                "DELETE FROM orders WHERE id = 3",
                "ALTER TABLE orders DISABLE TRIGGER orders_delta_capture",
                "UPDATE orders SET status = 'right' WHERE id = 4",
                "DELETE FROM orders WHERE id = 5",
                "ALTER TABLE orders ENABLE ALWAYS TRIGGER orders_delta_capture");
        String ids = "SELECT id FROM orders WHERE id IN (3, 4, 5) ORDER BY id";
        Throwable refused = catchThrowable(orders::dropBackup);
        assertThat(refused)
                .hasMessageContaining("differ in 2 rows that were not written since the swap. Nothing was dropped")
                .hasMessageContaining("Then run update again.");

        database.execute(advised(refused, "Where public.orders_old is right"));
        assertThat(database.queryStrings(ids)).containsExactly("4", "5");
        refused = catchThrowable(orders::dropBackup);
        assertThat(refused).hasMessageContaining("differ in 1 rows");
        database.execute(advised(refused, "Where public.orders is right"));
        orders.dropBackup();

        assertThat(orders.exists(orders.backup())).isFalse();
        assertThat(database.queryStrings("SELECT status FROM orders WHERE id = 4"))
                .containsExactly("right");
        assertThat(database.queryStrings(ids)).containsExactly("4", "5");
    }

    @Test
    void theDropDoesNotCountWhatWasWrittenSinceTheSwapAsADifference() throws SQLException {
        orders.throughSwap();
        database.execute(
                insert(5000),
                "DELETE FROM orders WHERE id = 5",
                "UPDATE orders SET id = 6000 WHERE id = 6",
                "UPDATE orders SET created_at = timestamptz '2024-04-24 00:00+00' WHERE id = 7");

        orders.dropBackup();

        assertThat(orders.exists(orders.backup())).isFalse();
        assertThat(orders.phase()).isEqualTo("dropped");
        assertThat(database.queryLong("SELECT count(*) FROM orders")).isEqualTo(1000);
    }

    @Test
    void theDropNamesWhatStillReadsTheBackup() throws SQLException {
        orders.throughSwap();
        database.execute("CREATE VIEW report AS SELECT * FROM orders_old");

        assertThatThrownBy(orders::dropBackup)
                .isInstanceOf(PartitionException.class)
                .hasMessageContaining("view public.report depends on it")
                .hasMessageContaining("Nothing was dropped");
    }

    @Test
    void theDropRefusesAnotherBackupThanTheSwaps() throws SQLException {
        orders.throughSwap();
        database.execute("CREATE TABLE precious ()");

        assertThatThrownBy(() -> orders.step(
                        "dropBackup",
                        run -> BackupDrop.run(run, new Identifier("precious"), SHORT, 1, GivenPace.NOTHING)))
                .isInstanceOf(PartitionException.class)
                .hasMessageContaining("The backup of public.orders is orders_old, not precious");
    }
}
