package liquibase.ext.partition.engine.delta;

import static liquibase.ext.partition.engine.MigrationFixture.inBackground;
import static liquibase.ext.partition.engine.MigrationFixture.join;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.sql.SQLException;
import java.util.concurrent.Future;
import liquibase.ext.partition.engine.ChunkGate;
import liquibase.ext.partition.engine.MigrationFixture;
import liquibase.ext.partition.engine.PartitionException;
import liquibase.ext.partition.testing.FreshDatabase;
import liquibase.ext.partition.testing.TestDatabase;
import org.assertj.core.api.ThrowableAssert.ThrowingCallable;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Every step refuses to go on once somebody has switched the capture off, since writes may be missing from the delta. */
@ExtendWith(FreshDatabase.class)
class CaptureNoticedTest {
    private TestDatabase database;
    private MigrationFixture orders;

    @BeforeEach
    void orders(TestDatabase fresh) {
        database = fresh;
        orders = MigrationFixture.ofOrders(fresh, 1000);
    }

    private static void assertNotCaptured(ThrowingCallable step) {
        assertThatThrownBy(step)
                .isInstanceOf(PartitionException.class)
                .hasMessageContaining("Changes of public.orders are not being captured")
                .hasMessageContaining("orders_delta")
                .hasMessageContaining("begin again");
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "ALTER TABLE orders DISABLE TRIGGER ALL",
                "ALTER TABLE orders DISABLE TRIGGER orders_delta_capture",
                "ALTER TABLE orders DISABLE TRIGGER orders_delta_no_truncate",
                // Ordinary again: session_replication_role = replica would pass.
                "ALTER TABLE orders ENABLE TRIGGER orders_delta_capture",
                "ALTER TABLE orders ENABLE REPLICA TRIGGER orders_delta_capture",
                "DROP TRIGGER orders_delta_capture ON orders"
            })
    void theCopyDoesNotBegin(String switchedOff) throws Exception {
        orders.prepare().capture();
        database.execute(switchedOff);

        assertNotCaptured(orders::copy);
        assertThat(database.queryLong("SELECT count(*) FROM orders_new")).isZero();
    }

    @Test
    void theCopyIsNotDeclaredComplete() throws Exception {
        orders.prepare().capture();
        try (ChunkGate gate = ChunkGate.beforeChunk(orders, 5)) {
            Future<Void> copy = inBackground(() -> orders.copy(MigrationFixture.CHUNK_SIZE, 1, false));
            gate.awaitWorker(copy);
            database.execute("ALTER TABLE orders DISABLE TRIGGER orders_delta_capture");
            gate.open();
            assertNotCaptured(() -> join(copy));
        }
        assertThat(orders.phase()).isEqualTo("copying");
    }

    @Test
    void neitherReplayNorVerificationNorSwapGoOn() throws SQLException {
        orders.throughVerification();
        database.execute("ALTER TABLE orders DISABLE TRIGGER orders_delta_capture");

        assertNotCaptured(orders::replay);
        assertNotCaptured(orders::verify);
        assertNotCaptured(orders::swap);
        assertThat(database.queryString("SELECT relkind FROM pg_class WHERE oid = 'orders'::regclass"))
                .isEqualTo("r");
    }

    @Test
    void theReverseSwapDoesNotLoseWhatWasNotCaptured() throws SQLException {
        orders.throughSwap();
        database.execute(
                "ALTER TABLE orders_202403 DISABLE TRIGGER orders_delta_capture",
                "UPDATE orders SET status = 'not captured' WHERE created_at = timestamptz '2024-03-15 12:00+00'",
                "ALTER TABLE orders_202403 ENABLE TRIGGER orders_delta_capture");

        assertNotCaptured(orders::reverseSwap);
        assertNotCaptured(orders::dropBackup);
        assertThat(database.queryString("SELECT relkind FROM pg_class WHERE oid = 'orders'::regclass"))
                .isEqualTo("p");
    }

    @Test
    void aVerificationFindsWhatWasWrittenWhileTheCaptureWasOff() throws SQLException {
        orders.prepare().capture().copy().index().replay();
        database.execute(
                "ALTER TABLE orders DISABLE TRIGGER orders_delta_capture",
                "UPDATE orders SET status = 'not captured' WHERE id = 5",
                "DELETE FROM orders WHERE id = 6",
                "INSERT INTO orders (id, status, created_at) VALUES (7000, 'x', timestamptz '2024-02-02 00:00+00')",
                "ALTER TABLE orders ENABLE ALWAYS TRIGGER orders_delta_capture");

        assertThatThrownBy(orders::verify)
                .isInstanceOf(PartitionException.class)
                .hasMessageContaining("differ in 3 rows")
                .hasMessageContaining("5 (not the same in public.orders_new)")
                .hasMessageContaining("6 (in public.orders_202407, not in public.orders)")
                .hasMessageContaining("7000 (in public.orders, not in public.orders_new)");
        assertThatThrownBy(orders::swap)
                .hasMessageContaining("have not been found equal: the last verification found 3 differences");
    }
}
