package liquibase.ext.partition.engine.delta;

import static liquibase.ext.partition.engine.MigrationFixture.advised;
import static liquibase.ext.partition.engine.MigrationFixture.inBackground;
import static liquibase.ext.partition.engine.MigrationFixture.join;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.catchThrowable;

import java.sql.SQLException;
import java.util.List;
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

/**
 * Every step refuses to go on once somebody has switched the capture off, since writes may be missing from the delta.
 */
@ExtendWith(FreshDatabase.class)
class CaptureNoticedTest {
    private TestDatabase database;
    private MigrationFixture orders;

    @BeforeEach
    void orders() {
        orders = MigrationFixture.ofOrders(database, 1000, 4);
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
                // Enabled in the ordinary way again: session_replication_role = replica would bypass it.
                "ALTER TABLE orders ENABLE TRIGGER orders_delta_capture",
                "ALTER TABLE orders ENABLE REPLICA TRIGGER orders_delta_capture",
                "DROP TRIGGER orders_delta_capture ON orders",
                "CREATE OR REPLACE TRIGGER orders_delta_capture AFTER INSERT OR UPDATE ON orders FOR EACH ROW EXECUTE FUNCTION orders_delta_capture()",
                "CREATE OR REPLACE TRIGGER orders_delta_capture AFTER INSERT OR UPDATE OF status OR DELETE ON orders FOR EACH ROW EXECUTE FUNCTION orders_delta_capture()",
                "CREATE OR REPLACE TRIGGER orders_delta_capture AFTER INSERT OR UPDATE OR DELETE ON orders FOR EACH ROW WHEN (pg_trigger_depth() = 0) EXECUTE FUNCTION orders_delta_capture()",
                "CREATE OR REPLACE TRIGGER orders_delta_no_truncate AFTER TRUNCATE ON orders FOR EACH STATEMENT WHEN (false) EXECUTE FUNCTION orders_delta_no_truncate()"
            })
    void theCopyDoesNotBegin(String switchedOff) throws Exception {
        orders.prepare().capture();
        database.execute(switchedOff);
        if (switchedOff.startsWith("CREATE")) {
            database.execute(
                    "ALTER TABLE orders ENABLE ALWAYS TRIGGER " + switchedOff.split(" ")[4]);
        }

        assertNotCaptured(orders::copy);
        assertThat(database.queryLong("SELECT pg_catalog.count(*) FROM orders_new"))
                .isZero();
    }

    /** By CREATE OR REPLACE TRIGGER, for which the right to make triggers is enough. */
    @Test
    void aTriggerThatWasReplacedIsNoticedAndMadeAgainAsTheMessageSays() throws SQLException {
        orders.throughSwap();
        database.execute(
                "CREATE SCHEMA theirs",
                "CREATE FUNCTION theirs.orders_delta_capture() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN NULL; END'",
                "CREATE OR REPLACE TRIGGER orders_delta_capture AFTER INSERT OR UPDATE OR DELETE ON orders FOR EACH ROW EXECUTE FUNCTION theirs.orders_delta_capture()",
                "ALTER TABLE orders ENABLE ALWAYS TRIGGER orders_delta_capture",
                "UPDATE orders SET status = 'not captured' WHERE id = 5");

        Throwable refused = catchThrowable(orders::reverseSwap);
        assertThat(refused).hasMessageContaining("Changes of public.orders are not being captured");
        database.execute(refused.getMessage()
                .substring(refused.getMessage().indexOf("DROP TRIGGER"))
                .split(";"));
        refused = catchThrowable(orders::reverseSwap);
        assertThat(refused).hasMessageContaining("public.orders and its backup differ in 1 rows");
        database.execute(advised(refused, "Where public.orders is right"));
        orders.reverseSwap();
        assertThat(database.queryString("SELECT status FROM orders WHERE id = 5"))
                .isEqualTo("not captured");
    }

    /** One round is enough, whatever was done to which of the triggers. */
    @ParameterizedTest
    @ValueSource(strings = {"native", "trigger"})
    void triggersThatWereReplacedAndDroppedAndSwitchedOffAreMendedAllAtOnceAsTheMessageSays(String routing)
            throws SQLException {
        boolean byTrigger = routing.equals("trigger");
        if (byTrigger) {
            orders.routedByTrigger();
        }
        orders.throughSwap();
        String replaced = byTrigger ? "orders_202402" : "orders";
        database.execute(
                "CREATE OR REPLACE TRIGGER orders_delta_capture AFTER INSERT OR UPDATE OR DELETE ON %s FOR EACH ROW WHEN (pg_trigger_depth() < 9) EXECUTE FUNCTION orders_delta_capture()"
                        .formatted(replaced),
                "ALTER TABLE %s ENABLE ALWAYS TRIGGER orders_delta_capture".formatted(replaced),
                "ALTER TABLE orders_202404 DISABLE TRIGGER orders_delta_capture",
                "DROP TRIGGER orders_delta_no_truncate ON orders",
                "ALTER TABLE orders_202401 DISABLE TRIGGER orders_delta_no_truncate",
                "CREATE OR REPLACE TRIGGER orders_delta_no_truncate AFTER TRUNCATE ON orders_202403 FOR EACH STATEMENT EXECUTE FUNCTION orders_delta_no_truncate()",
                "UPDATE orders SET status = 'captured' WHERE id = 5");

        Throwable refused = catchThrowable(orders::reverseSwap);
        assertThat(refused).hasMessageContaining("Changes of public.orders are not being captured");
        database.execute(refused.getMessage()
                .substring(refused.getMessage().indexOf("DROP TRIGGER"))
                .split(";"));
        orders.reverseSwap();
        assertThat(database.queryString("SELECT status FROM orders WHERE id = 5"))
                .isEqualTo("captured");
    }

    @Test
    void anotherFunctionOfTheSameNameDoesNotHideTheCapture() throws Exception {
        orders.prepare().capture();
        database.execute(
                "CREATE FUNCTION orders_delta_capture(int) RETURNS int LANGUAGE sql AS 'SELECT 1'",
                "CREATE FUNCTION orders_delta_no_truncate(int) RETURNS int LANGUAGE sql AS 'SELECT 1'");

        orders.copy().index().replay().verify().swap();

        assertThat(database.queryString("SELECT relkind FROM pg_class WHERE oid = 'orders'::regclass"))
                .isEqualTo("p");
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
        assertThat(database.queryString(
                        "SELECT relkind FROM pg_catalog.pg_class WHERE oid = 'orders'::pg_catalog.regclass"))
                .isEqualTo("r");
    }

    /** A swap that trusted the earlier comparison would lose these. */
    @Test
    void theSwapComparesAgainWhereTheCaptureWasOffForAWhileSinceTheVerification() throws SQLException {
        orders.throughVerification();
        database.execute(
                "ALTER TABLE orders DISABLE TRIGGER orders_delta_capture",
                "UPDATE orders SET status = 'not captured' WHERE id = 5",
                "ALTER TABLE orders ENABLE ALWAYS TRIGGER orders_delta_capture");

        assertThatThrownBy(orders::swap)
                .isInstanceOf(PartitionException.class)
                .hasMessageContaining("public.orders and public.orders_new differ in 1 rows")
                .hasMessageContaining("liquibase update -DrestartCopy=orders")
                .hasMessageContaining("5 (not the same in public.orders_new)");
        assertThat(orders.kind()).isEqualTo("r");

        orders.restartCopy().swap();
        assertThat(database.queryString("SELECT status FROM orders WHERE id = 5"))
                .isEqualTo("not captured");
    }

    @Test
    void theSwapGoesOnWhereNothingWasWrittenWhileTheCaptureWasOff() throws SQLException {
        orders.throughVerification();
        database.execute(
                "ALTER TABLE orders DISABLE TRIGGER ALL",
                "ALTER TABLE orders ENABLE TRIGGER ALL",
                "ALTER TABLE orders ENABLE ALWAYS TRIGGER orders_delta_capture",
                "ALTER TABLE orders ENABLE ALWAYS TRIGGER orders_delta_no_truncate");

        orders.swap();

        assertThat(orders.lines()).anyMatch(line -> line.contains("They are compared once more"));
        assertThat(orders.kind()).isEqualTo("p");
        orders.reverseSwap().swap();
        assertThat(orders.lines()).noneMatch(line -> line.contains("is compared with its backup"));
    }

    @Test
    void theReverseSwapDoesNotLoseWhatWasNotCapturedAndBringsItOverAsItSays() throws SQLException {
        orders.throughSwap();
        database.execute(
                "ALTER TABLE orders_202403 DISABLE TRIGGER orders_delta_capture",
                "UPDATE orders SET status = 'not captured' WHERE id = 2",
                "DELETE FROM orders WHERE id = 14",
                "INSERT INTO orders (id, status, created_at) VALUES (7000, 'not captured', timestamptz '2024-03-02 00:00+00')");

        String enable = "ALTER TABLE orders_202403 ENABLE ALWAYS TRIGGER orders_delta_capture";
        for (ThrowingCallable step : List.<ThrowingCallable>of(orders::reverseSwap, orders::dropBackup)) {
            assertThatThrownBy(step)
                    .isInstanceOf(PartitionException.class)
                    .hasMessageContaining("Changes of public.orders are not being captured")
                    .hasMessageContaining("Switch it on again, then run the same command again")
                    .hasMessageContaining(enable.substring("ALTER TABLE ".length()));
        }
        assertThat(orders.kind()).isEqualTo("p");

        database.execute(enable);
        assertThatThrownBy(orders::dropBackup).hasMessageContaining("differ in 3 rows that were not written since");
        Throwable refused = catchThrowable(orders::reverseSwap);
        assertThat(refused)
                .isInstanceOf(PartitionException.class)
                .hasMessageContaining("public.orders and its backup differ in 3 rows")
                .hasMessageContaining("Nothing was renamed")
                .hasMessageContaining("7000");

        database.execute(advised(refused, "Where public.orders is right"));
        List<String> rows = database.queryStrings("SELECT t::pg_catalog.text FROM orders AS t ORDER BY 1");
        orders.reverseSwap();
        assertThat(orders.kind()).isEqualTo("r");
        assertThat(database.queryStrings("SELECT t::pg_catalog.text FROM orders AS t ORDER BY 1"))
                .isEqualTo(rows);
        orders.swap();
        assertThat(database.queryStrings("SELECT t::pg_catalog.text FROM orders AS t ORDER BY 1"))
                .isEqualTo(rows);
    }

    /** It is made by the statements that the message gives. */
    @Test
    void aTriggerThatWasDroppedAfterTheSwapIsMadeAgainAsTheMessageSays() throws SQLException {
        orders.throughSwap();
        database.execute("DROP TRIGGER orders_delta_capture ON orders");

        Throwable refused = catchThrowable(orders::reverseSwap);
        String create = "CREATE TRIGGER \"orders_delta_capture\"";
        assertThat(refused).hasMessageContaining(create).hasMessageNotContaining("no_truncate");
        database.execute(refused.getMessage()
                .substring(refused.getMessage().indexOf(create))
                .split(";"));
        orders.reverseSwap();
        assertThat(orders.lines()).anyMatch(line -> line.contains("The table is compared with its backup"));
        assertThat(orders.kind()).isEqualTo("r");
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
                .hasMessageContaining("6 (in public.orders_202403, not in public.orders)")
                .hasMessageContaining("7000 (in public.orders, not in public.orders_new)");
        assertThatThrownBy(orders::swap).hasMessageContaining("differ in 3 rows");
    }
}
