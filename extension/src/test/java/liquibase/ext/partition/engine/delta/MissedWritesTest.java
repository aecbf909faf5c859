package liquibase.ext.partition.engine.delta;

import static liquibase.ext.partition.engine.MigrationFixture.advised;
import static liquibase.ext.partition.engine.MigrationFixture.inBackground;
import static liquibase.ext.partition.engine.MigrationFixture.join;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.catchThrowable;

import java.sql.Connection;
import java.sql.SQLException;
import java.util.List;
import java.util.concurrent.Future;
import liquibase.ext.partition.engine.ChunkGate;
import liquibase.ext.partition.engine.MigrationFixture;
import liquibase.ext.partition.engine.PartitionException;
import liquibase.ext.partition.engine.Transaction;
import liquibase.ext.partition.engine.copy.ChunkedCopy;
import liquibase.ext.partition.engine.index.IndexBuild;
import liquibase.ext.partition.engine.sql.Identifier;
import liquibase.ext.partition.engine.sql.Session;
import liquibase.ext.partition.engine.state.Migrations;
import liquibase.ext.partition.engine.state.StateTables;
import liquibase.ext.partition.engine.verify.Verification;
import liquibase.ext.partition.testing.FreshDatabase;
import liquibase.ext.partition.testing.TestDatabase;
import org.assertj.core.api.ThrowableAssert.ThrowingCallable;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/**
 * Writes that the capture could not record, because a column that it reads had become another one: no writer fails, and
 * every step refuses to go on until people have done as it says.
 */
@ExtendWith(FreshDatabase.class)
class MissedWritesTest {
    private TestDatabase database;
    private MigrationFixture orders;

    @BeforeEach
    void orders() {
        orders = MigrationFixture.ofOrders(database, 1000, 4);
    }

    private static final String WRITES = """
            INSERT INTO orders (id, status, %1$s) VALUES (7000, 'new', timestamptz '2024-02-02 00:00+00');
            UPDATE orders SET status = 'paid', %1$s = %1$s + interval '1 month' WHERE id = 5;
            DELETE FROM orders WHERE id = 6""";

    /** A writer who has written before the change has the old plans; a later one makes its own. */
    private void writeAsOldAndNew(String change, String column) throws SQLException {
        try (Transaction old = Transaction.begin(database)) {
            old.run(
                    "UPDATE orders SET status = 'old' WHERE id = 1",
                    "INSERT INTO orders (id, status, created_at) VALUES (6000, 'new', timestamptz '2024-02-02 00:00+00')",
                    "DELETE FROM orders WHERE id = 6000");
            old.commit();
            database.execute(change.split(";"));
            old.run(WRITES.formatted(column).split(";"));
            old.commit();
        }
        database.execute(
                "INSERT INTO orders (id, status, %1$s) VALUES (7001, 'new', timestamptz '2024-02-02 00:00+00')"
                        .formatted(column),
                "UPDATE orders SET status = 'paid' WHERE id = 8",
                "DELETE FROM orders WHERE id = 9");
    }

    private static void assertMissed(ThrowingCallable step) {
        assertThatThrownBy(step)
                .isInstanceOf(PartitionException.class)
                .hasMessageContaining("Changes of public.orders are not all being captured: since ")
                .hasMessageContaining(
                        "could not be recorded in public.orders_delta, because a column that the capture reads was renamed")
                .hasMessageContaining("Writers go on")
                .hasMessageContaining("Roll back to before captureChanges and begin again")
                .hasMessageContaining("Undo that change before");
    }

    private void forgetAllButTheNewTable() throws SQLException {
        orders.step("rollback of verifyCopy", Verification::forget);
        orders.step("rollback of buildIndexes", IndexBuild::drop);
        orders.step("rollback of chunkedCopy", ChunkedCopy::forget);
        orders.step("rollback of captureChanges", run -> CaptureStep.stop(run, MigrationFixture.LOCK));
    }

    @Test
    void aRenamedColumnFailsNoWriterAndStopsEveryStepUntilAllIsBegunAnewAsTheMessageSays() throws SQLException {
        orders.throughVerification();
        writeAsOldAndNew("ALTER TABLE orders RENAME created_at TO placed_at", "placed_at");
        assertThatThrownBy(orders::swap).isInstanceOf(PartitionException.class);
        database.execute("ALTER TABLE orders RENAME placed_at TO created_at");

        assertMissed(orders::replay);
        assertMissed(orders::verify);
        assertMissed(orders::swap);
        assertThat(orders.kind()).isEqualTo("r");

        forgetAllButTheNewTable();
        assertThat(database.queryStrings(
                        "SELECT relname::pg_catalog.text FROM pg_catalog.pg_class WHERE relname LIKE 'orders_delta%'"))
                .isEmpty();
        orders.capture().copy().index().replay().verify();
        orders.assertNewTableEqualsSource();
        orders.swap();
        assertThat(orders.kind()).isEqualTo("p");
    }

    @Test
    void aMigrationIsTakenBackAndBegunAnewWhereTheColumnStaysRenamed() throws SQLException {
        orders.throughVerification();
        writeAsOldAndNew("ALTER TABLE orders RENAME created_at TO placed_at", "placed_at");

        orders.undo();

        MigrationFixture renamed = MigrationFixture.of(database, "public", "orders", "placed_at", "id");
        renamed.throughSwap();
        assertThat(orders.kind()).isEqualTo("p");
        assertThat(database.queryLong(
                        "SELECT pg_catalog.count(*) FROM orders WHERE id IN (7000, 7001) OR status = 'paid'"))
                .isEqualTo(4);
    }

    @Test
    void aCopyThatIsStartedOverReadsWhatCouldNotBeCaptured() throws SQLException {
        orders.prepare().capture();
        try (ChunkGate gate = ChunkGate.beforeChunk(orders, 5)) {
            Future<Void> copy = inBackground(() -> orders.copy(MigrationFixture.CHUNK_SIZE, 1, false));
            gate.awaitWorker(copy);
            writeAsOldAndNew("ALTER TABLE orders ALTER id TYPE bigint", "created_at");
            database.execute(
                    "ALTER TABLE orders RENAME created_at TO placed_at",
                    WRITES.formatted("placed_at").replace("7000", "7002"),
                    "ALTER TABLE orders RENAME placed_at TO created_at");
            gate.open();
            assertMissed(() -> join(copy));
        } catch (Exception e) {
            throw new AssertionError(e);
        }
        assertMissed(orders::copy);

        orders.copy(MigrationFixture.CHUNK_SIZE, 1, true).index().replay().verify();
        orders.assertNewTableEqualsSource();
    }

    /** {@code true} for a value that the delta table cannot hold. */
    @ParameterizedTest
    @ValueSource(booleans = {false, true})
    void aWidenedKeyIsCapturedAsLongAsItsValuesFit(boolean large) throws SQLException {
        database.execute("ALTER TABLE orders ALTER id TYPE integer");
        orders.throughSwap();
        writeAsOldAndNew("ALTER TABLE orders ALTER id TYPE bigint", "created_at");
        assertThat(database.queryStrings("SELECT id FROM orders_delta ORDER BY id, ctid"))
                .containsSequence("5", "5", "6", "8", "9", "6000", "6000", "7000", "7001");
        assertThat(database.queryLong("SELECT pg_catalog.count(*) FROM orders_delta_missed"))
                .isZero();
        if (large) {
            database.execute(
                    "UPDATE orders SET id = 5000000000 WHERE id = 7000", "DELETE FROM orders WHERE id = 5000000000");
            assertThat(database.queryLong("SELECT pg_catalog.count(*) FROM orders_delta_missed"))
                    .isEqualTo(2);
        }
        assertThatThrownBy(orders::reverseSwap)
                .hasMessageContaining("The columns of public.orders changed since the swap")
                .hasMessageContaining("Undo that change");

        database.execute("ALTER TABLE orders ALTER id TYPE integer");
        List<String> rows = database.queryStrings("SELECT t::pg_catalog.text FROM orders AS t ORDER BY 1");
        orders.reverseSwap();
        assertThat(database.queryStrings("SELECT t::pg_catalog.text FROM orders AS t ORDER BY 1"))
                .isEqualTo(rows);
    }

    @Test
    void theReverseSwapBringsOverWhatWasWrittenWhileAColumnHadAnotherNameAsItSays() throws SQLException {
        orders.throughSwap();
        writeAsOldAndNew("ALTER TABLE orders RENAME created_at TO placed_at", "placed_at");
        assertThatThrownBy(orders::reverseSwap)
                .hasMessageContaining("The columns of public.orders changed since the swap")
                .hasMessageContaining("Undo that change");
        database.execute("ALTER TABLE orders RENAME placed_at TO created_at");

        Throwable refused = catchThrowable(orders::reverseSwap);
        assertThat(refused)
                .isInstanceOf(PartitionException.class)
                .hasMessageContaining(
                        "differ in 7 rows that were written while a column that the capture reads was another one");
        database.execute(advised(refused, "Where public.orders is right"));
        List<String> rows = database.queryStrings("SELECT t::pg_catalog.text FROM orders AS t ORDER BY 1");
        orders.reverseSwap();
        assertThat(database.queryStrings("SELECT t::pg_catalog.text FROM orders AS t ORDER BY 1"))
                .isEqualTo(rows);
        assertThat(database.queryLong("SELECT pg_catalog.count(*) FROM orders_delta_missed"))
                .isZero();
        orders.swap().dropBackup();
    }

    @Test
    void aDomainThatRefusesNullAndADroppedColumnFailNoWriterEither() throws SQLException {
        database.execute(
                "CREATE DOMAIN number AS bigint NOT NULL CHECK (VALUE < 10000)",
                "ALTER TABLE orders ALTER id TYPE number, ADD day date NOT NULL DEFAULT '2024-05-05'");
        orders = MigrationFixture.of(database, "public", "orders", "day", "id")
                .prepare()
                .capture();

        writeAsOldAndNew("ALTER TABLE orders DROP day; UPDATE orders SET status = 'x' WHERE id = 11", "created_at");

        assertThat(orders.deltaRows()).isEqualTo(3);
        assertThat(database.queryLong("SELECT pg_catalog.count(*) FROM orders_delta_missed"))
                .isEqualTo(7);
        orders.undo();
    }

    /** By a switch that was already approved, when it asks again under the lock. */
    @Test
    void theSwapNoticesUnderTheLockWhatCouldNotBeCaptured() throws Exception {
        orders.throughVerification();
        try (Transaction reader = Transaction.begin(database)) {
            reader.run("SELECT FROM orders LIMIT 1");
            Future<Void> swap = inBackground(orders::swap);
            orders.awaitBlockedStatement("ACCESS EXCLUSIVE");
            reader.run("INSERT INTO orders_delta_missed (cause) VALUES ('so it was')");
            reader.commit();
            assertThatThrownBy(() -> join(swap))
                    .hasMessageContaining("not all being captured")
                    .hasMessageContaining("so it was")
                    .hasMessageContaining("Nothing was renamed");
        }
        assertThat(orders.kind()).isEqualTo("r");
    }

    @Test
    void theBackupIsDroppedOnceTheKeysThatCouldNotBeRecordedArePutIntoTheDeltaAsTheMessageSays() throws SQLException {
        orders.throughSwap();
        writeAsOldAndNew("ALTER TABLE orders RENAME created_at TO placed_at", "placed_at");
        database.execute("ALTER TABLE orders RENAME placed_at TO created_at");
        assertThat(problems()).anyMatch(it -> it.contains("whose keys could not be recorded"));

        Throwable refused = catchThrowable(orders::dropBackup);
        assertThat(refused).hasMessageContaining("Nothing was dropped");
        assertThat(orders.lines())
                .anyMatch(line -> line.contains("whose keys could not be recorded (column \"created_at\" not found")
                        && line.contains("which may be why rows differ"));
        database.execute(advised(refused, "Where public.orders is right"));
        orders.dropBackup();

        assertThat(database.queryStrings("SELECT relname::text FROM pg_class WHERE relname ~ '^orders_(delta|old)'"))
                .isEmpty();
        assertThat(problems()).isEmpty();
    }

    /** The problems that {@code partition-status} reports besides the migration's state. */
    private List<String> problems() throws SQLException {
        try (Connection connection = database.connect()) {
            Session session = Session.pinned(connection);
            return CaptureRights.problems(
                    session,
                    new Migrations(session, new StateTables(new Identifier("public")))
                            .find(orders.source())
                            .orElseThrow());
        }
    }

    /** As when somebody has dropped the delta table by hand; a table of somebody else's is refused. */
    @Test
    void theTableOfMissedWritesOfAnEarlierCaptureIsReplacedAndAnothersIsNot() throws SQLException {
        orders.prepare();
        database.execute("CREATE TABLE orders_delta_missed (mine text)");
        assertThatThrownBy(orders::capture).hasMessageContaining("There is a table public.orders_delta_missed already");
        database.execute("DROP TABLE orders_delta_missed");
        orders.capture();
        database.execute(
                "INSERT INTO orders_delta_missed (cause) VALUES ('earlier')",
                "DROP TABLE orders_delta CASCADE",
                "DROP FUNCTION orders_delta_capture, orders_delta_no_truncate CASCADE",
                "DROP TABLE orders_new CASCADE");
        orders.prepare().capture().copy();
        assertThat(database.queryLong("SELECT count(*) FROM orders_delta_missed"))
                .isZero();
    }
}
