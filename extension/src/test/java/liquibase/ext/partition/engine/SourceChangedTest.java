package liquibase.ext.partition.engine;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.catchThrowable;

import java.sql.SQLException;
import java.util.Arrays;
import java.util.List;
import liquibase.ext.partition.testing.FreshDatabase;
import liquibase.ext.partition.testing.TestDatabase;
import org.assertj.core.api.ThrowableAssert.ThrowingCallable;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;

/**
 * Somebody alters, renames, drops or rewrites what the migration rests on, once the copy is done. {@code ResumeTest}
 * covers changes during the copy, {@code CaptureNoticedTest} a capture that is switched off. The tests do what a
 * message says, and the migration completes.
 */
@ExtendWith(FreshDatabase.class)
class SourceChangedTest {
    private TestDatabase database;
    private MigrationFixture orders;

    @BeforeEach
    void orders() {
        orders = MigrationFixture.ofOrders(database, 1000, 4);
    }

    private static void assertRefused(String message, ThrowingCallable... steps) {
        for (ThrowingCallable step : steps) {
            assertThatThrownBy(step).isInstanceOf(PartitionException.class).hasMessageContaining(message);
        }
    }

    private void assertSwapped(List<String> rows) {
        assertThat(database.queryString("SELECT relkind FROM pg_class WHERE oid = 'orders'::regclass"))
                .isEqualTo("p");
        assertThat(orders.rows()).isEqualTo(rows);
    }

    /** Keys find their rows wherever these are. */
    @Test
    void aSourceThatIsRewrittenAfterTheCopyDoesNoHarm() throws SQLException {
        orders.prepare().capture().copy();
        database.execute("DELETE FROM orders WHERE id % 3 = 0", "VACUUM FULL orders");
        orders.index();
        database.execute("UPDATE orders SET status = 'paid' WHERE id % 3 = 1", "CLUSTER orders USING orders_pkey");
        orders.replay().verify();
        database.execute("UPDATE orders SET status = 'sent' WHERE id % 3 = 2", "VACUUM FULL orders");
        List<String> rows = orders.rows();

        orders.swap();
        assertSwapped(rows);
        database.execute("UPDATE orders SET status = 'back'", "VACUUM FULL orders", "VACUUM FULL orders_old");
        rows = orders.rows();
        orders.reverseSwap();
        assertThat(orders.rows()).isEqualTo(rows);
    }

    @Test
    void anAlteredColumnStopsReplayVerificationAndSwapUntilTheChangeIsUndone() throws SQLException {
        orders.prepare().capture().copy().index();
        for (String[] change : new String[][] {
            {"ALTER TABLE orders ADD COLUMN paid_at timestamptz", "ALTER TABLE orders DROP COLUMN paid_at"},
            {"ALTER TABLE orders ALTER amount TYPE numeric(12,2)", "ALTER TABLE orders ALTER amount TYPE numeric(10,2)"
            },
            {"ALTER TABLE orders RENAME status TO state", "ALTER TABLE orders RENAME state TO status"}
        }) {
            database.execute(change[0]);
            assertRefused(
                    "The columns of public.orders and public.orders_new are not the same any more",
                    orders::replay,
                    orders::verify);
            assertRefused("begin again", orders::replay, orders::verify);
            database.execute(change[1]);
        }
        orders.replay().verify();
        database.execute("ALTER TABLE orders ADD COLUMN paid_at timestamptz");
        assertRefused("The columns of public.orders changed since public.orders_new was made", orders::swap);

        // The other way that the message names.
        orders.undo().throughSwap();
        assertThat(database.queryLong("SELECT count(paid_at) + count(*) FROM orders"))
                .isEqualTo(1000);
    }

    @Test
    void aSourceThatIsRenamedStopsEveryStepUntilItHasItsNameAgain() throws SQLException {
        orders.throughVerification();
        List<String> rows = orders.rows();
        database.execute("ALTER TABLE orders RENAME TO sales");
        assertRefused("There is no table public.orders", orders::replay, orders::verify, orders::swap);
        database.execute("CREATE TABLE orders (LIKE sales)");
        assertRefused("Nothing was renamed", orders::swap);

        database.execute("DROP TABLE orders", "ALTER TABLE sales RENAME TO orders");
        orders.swap();
        assertSwapped(rows);
    }

    @Test
    void aPartitionThatIsDroppedOrDetachedBeforeTheSwapIsMissed() throws SQLException {
        orders.throughVerification();
        List<String> rows = orders.rows();
        database.execute("ALTER TABLE orders_new DETACH PARTITION orders_202403");
        assertRefused("were dropped, detached or renamed: [public.orders_202403]", orders::swap);

        database.execute(
                "ALTER TABLE orders_new ATTACH PARTITION orders_202403 FOR VALUES FROM ('2024-03-01 00:00+00') TO ('2024-04-01 00:00+00')");
        orders.swap();
        assertSwapped(rows);
        orders.reverseSwap();

        database.execute("DROP TABLE orders_202403");
        assertRefused("were dropped, detached or renamed: [public.orders_202403]", orders::swap);
        orders.undo().throughSwap();
        assertSwapped(rows);
    }

    @Test
    void aNewTableThatIsDroppedIsMissedAndTheMigrationIsTakenBackAndBegunAgain() throws SQLException {
        orders.throughVerification();
        List<String> rows = orders.rows();
        database.execute("DROP TABLE orders_new");
        assertRefused("There is no table public.orders_new", orders::replay, orders::verify, orders::swap);

        orders.undo().throughSwap();
        assertSwapped(rows);
    }

    @Test
    void aLiveTableWithAnotherColumnThanItsBackupGoesBackOnceTheBackupHasItToo() throws SQLException {
        orders.throughSwap();
        database.execute(
                "ALTER TABLE orders ADD COLUMN paid_at timestamptz", "UPDATE orders SET paid_at = now() WHERE id = 5");
        assertRefused("The columns of public.orders changed since the swap", orders::reverseSwap);

        database.execute("ALTER TABLE orders_old ADD COLUMN paid_at timestamptz");
        List<String> rows = orders.rows();
        orders.reverseSwap();
        assertThat(orders.rows()).isEqualTo(rows);
    }

    @Test
    void aBackupWithoutAColumnOfTheLiveTableIsDroppedOnceItHasItToo() throws SQLException {
        orders.throughSwap();
        database.execute("ALTER TABLE orders ADD COLUMN paid_at timestamptz");
        assertRefused(
                "are not the same any more, so they cannot be compared. Nothing was changed.", orders::dropBackup);
        assertRefused(
                "Give the backup the same columns, as by the same ALTER TABLE on public.orders_old",
                orders::dropBackup);

        database.execute("ALTER TABLE orders_old ADD COLUMN paid_at timestamptz");
        orders.dropBackup();
        assertThat(orders.exists(orders.backup())).isFalse();
    }

    /** A change that leaves the columns' names and types as they were, and writes no row that a trigger would see. */
    private static final String[][] SILENT_CHANGES = {
        {"ALTER TABLE %s ALTER COLUMN status TYPE text USING upper(status)"},
        {
            "ALTER TABLE %s DROP COLUMN note", "ALTER TABLE %s ADD COLUMN note text",
        },
        {
            "ALTER TABLE %s RENAME COLUMN note TO was",
            "ALTER TABLE %s ADD COLUMN note text",
            "ALTER TABLE %s DROP COLUMN was",
        },
    };

    private static String[] on(String table, String[] changes) {
        return Arrays.stream(changes).map(it -> it.formatted(table)).toArray(String[]::new);
    }

    private void withNotes() {
        database.execute("ALTER TABLE orders ADD COLUMN note text", "UPDATE orders SET note = 'n' || id");
    }

    @Test
    void valuesThatAreChangedInSilenceBeforeTheSwapAreNoticedAndCopiedAgain() throws SQLException {
        withNotes();
        orders.throughVerification();
        for (String[] change : SILENT_CHANGES) {
            database.execute(on("orders", change));
            List<String> rows = orders.rows();
            assertRefused("differ in 1000 rows", orders::swap);
            assertRefused("-DrestartCopy=orders", orders::swap);
            assertThat(orders.rows()).isEqualTo(rows);

            orders.restartCopy();
            assertThat(orders.rows()).isEqualTo(rows);
            database.execute("UPDATE orders SET note = 'n' || id");
            orders.replay().verify();
        }
        List<String> rows = orders.rows();
        orders.swap();
        assertSwapped(rows);
    }

    /** An UPDATE of all rows would capture them too, but also fire every trigger of the application. */
    private static final String CAPTURE_ALL =
            "INSERT INTO \"public\".\"orders_delta\" (\"id\", \"created_at\") SELECT \"id\", \"created_at\" FROM \"public\".\"orders\"";

    @Test
    void valuesThatAreChangedInSilenceAfterTheSwapAreNoticedAndGoBackOnceTheyAreCaptured() throws SQLException {
        withNotes();
        for (String[] change : SILENT_CHANGES) {
            orders.throughSwap();
            database.execute(on("orders", change));
            List<String> rows = orders.rows();
            assertRefused("differ in 1000 rows", orders::reverseSwap);
            assertRefused(CAPTURE_ALL, orders::reverseSwap);
            assertSwapped(rows);

            database.execute(CAPTURE_ALL);
            orders.reverseSwap();
            assertThat(orders.rows()).isEqualTo(rows);
            orders.undo();
            database.execute("UPDATE orders SET note = 'n' || id");
        }
    }

    /** The rows of the backup have keys that no row of the live table has any more. */
    @Test
    void keysThatAreChangedInSilenceAfterTheSwapGoBackAsTheMessageSays() throws SQLException {
        orders.throughSwap();
        database.execute("ALTER TABLE orders ALTER COLUMN id TYPE bigint USING id + 5000");
        List<String> rows = orders.rows();
        Throwable refused = catchThrowable(orders::reverseSwap);
        assertThat(refused).hasMessageContaining("differ in 2000 rows that no trigger saw change");

        database.execute(MigrationFixture.advised(refused, "Where public.orders is right"));
        orders.reverseSwap();
        assertThat(orders.rows()).isEqualTo(rows);
    }

    @Test
    void theSameChangeOnBothIsComparedBeforeAnythingIsSwitched() throws SQLException {
        String add = "ALTER TABLE %s ADD COLUMN token uuid DEFAULT gen_random_uuid()";
        orders.throughVerification();
        database.execute(add.formatted("orders"), add.formatted("orders_new"));
        List<String> rows = orders.rows();
        assertRefused("differ in 1000 rows", orders::swap);
        orders.restartCopy().swap();
        assertSwapped(rows);

        String more = "ALTER TABLE %s ADD COLUMN other uuid DEFAULT gen_random_uuid()";
        database.execute(more.formatted("orders"), more.formatted("orders_old"));
        rows = orders.rows();
        assertRefused("differ in 1000 rows", orders::reverseSwap);
        assertSwapped(rows);
        database.execute(CAPTURE_ALL);
        orders.reverseSwap();
        assertThat(orders.rows()).isEqualTo(rows);
    }

    @Test
    void anOrdinaryJourneyComparesOnceBeforeEachSwitch() throws SQLException {
        orders.throughVerification();
        database.execute(
                "UPDATE orders SET status = 'sent' WHERE id % 2 = 0", "VACUUM ANALYZE orders", "REINDEX TABLE orders");
        orders.swap();
        database.execute("DELETE FROM orders WHERE id % 7 = 0", "VACUUM ANALYZE orders", "VACUUM orders_old");
        orders.reverseSwap().swap().reverseSwap();
        assertThat(orders.lines())
                .filteredOn(line -> line.startsWith("verification of") && line.contains("no difference"))
                .hasSize(1);
        assertThat(orders.lines()).noneMatch(line -> line.contains("are compared"));
    }
}
