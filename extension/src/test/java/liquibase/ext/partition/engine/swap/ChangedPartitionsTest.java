package liquibase.ext.partition.engine.swap;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.catchThrowable;

import java.sql.SQLException;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.Future;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import liquibase.ext.partition.engine.MigrationFixture;
import liquibase.ext.partition.engine.PartitionException;
import liquibase.ext.partition.engine.Transaction;
import liquibase.ext.partition.engine.lock.LockNotAvailable;
import liquibase.ext.partition.engine.lock.LockPolicy;
import liquibase.ext.partition.engine.pace.GivenPace;
import liquibase.ext.partition.testing.FreshDatabase;
import liquibase.ext.partition.testing.TestDatabase;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;

/**
 * Partitions that are dropped, detached, attached or replaced by another: no trigger sees it. The way back and the drop
 * name them, and the tests do what they advise word for word.
 *
 * <p>The file is long because it is a catalogue: a test for each way in which a partition can come or go.
 */
@ExtendWith(FreshDatabase.class)
class ChangedPartitionsTest {
    private static final String MARCH = "FOR VALUES FROM ('2024-03-01 00:00+00') TO ('2024-04-01 00:00+00')";
    private static final String NEXT_MAY = "FOR VALUES FROM ('2024-05-01 00:00+00') TO ('2024-06-01 00:00+00')";
    private TestDatabase database;
    private MigrationFixture orders;

    @BeforeEach
    void orders() {
        orders = MigrationFixture.ofOrders(database, 80, 4);
    }

    /** Some rows of March are in the delta table, and some are not. */
    private void swapAndWriteSome() throws SQLException {
        orders.throughSwap();
        database.execute(
                "UPDATE orders SET status = 'paid' WHERE id <= 60",
                "UPDATE orders SET created_at = created_at + interval '1 month' WHERE id BETWEEN 61 AND 90");
    }

    /** The advice for that partition, in the words of the message. */
    private static String advised(String message, String partition, String what) {
        Matcher statement = Pattern.compile(
                        "(?m)^  public\\.%s was .*?%s: (.*?)(\\. To .*)?$".formatted(partition, what))
                .matcher(message);
        assertThat(statement.find()).as(message).isTrue();
        return statement.group(1);
    }

    private String refusedReverseSwap(String... parts) {
        List<String> before = orders.rows();
        Throwable refused = catchThrowable(orders::reverseSwap);
        assertThat(refused)
                .isInstanceOf(PartitionException.class)
                .hasMessageContainingAll("Nothing was renamed")
                .hasMessageContainingAll(parts);
        assertThat(orders.phase()).isEqualTo("swapped");
        assertThat(orders.rows()).isEqualTo(before);
        return refused.getMessage();
    }

    private void assertSwapsBackWithWhatTheLiveTableHas() throws SQLException {
        List<String> live = orders.rows();
        orders.reverseSwap();
        assertThat(orders.kind()).isEqualTo("r");
        assertThat(orders.phase()).isEqualTo("verified");
        assertThat(orders.rows()).isEqualTo(live);
    }

    @Test
    void theRowsOfADroppedMonthAreNotResurrectedOncePeopleSaySo() throws SQLException {
        swapAndWriteSome();
        database.execute("DROP TABLE orders_202403");

        String message = refusedReverseSwap("public.orders_202403 was dropped");
        database.execute(advised(message, "orders_202403", "To do without them for good"));

        assertSwapsBackWithWhatTheLiveTableHas();
        assertThat(database.queryLong(
                        "SELECT count(*) FROM orders WHERE created_at < '2024-04-01' AND created_at >= '2024-03-01'"))
                .isZero();
    }

    @Test
    void theRowsOfADroppedMonthComeBackAsAdvised() throws SQLException {
        swapAndWriteSome();
        // Rows that were written since the swap were in the dropped month only, or have moved to April.
        List<String> kept = database.queryStrings("SELECT t::text FROM orders AS t WHERE id > 90 ORDER BY 1");
        database.execute("DROP TABLE orders_202403");

        String message = refusedReverseSwap("public.orders_202403 was dropped");
        database.execute(advised(
                message, "orders_202403", "To have those of its rows again that were not written since the swap"));

        assertThat(database.queryStrings("SELECT t::text FROM orders AS t WHERE id > 90 ORDER BY 1"))
                .isEqualTo(kept);
        message = refusedReverseSwap("Of its rows the backup has 0 as they were last");
        database.execute(advised(message, "orders_202403", "To do without them for good"));
        assertThat(database.queryLong("SELECT count(*) - count(DISTINCT id) FROM orders"))
                .isZero();
        assertSwapsBackWithWhatTheLiveTableHas();
    }

    /** The live table's version is gone, and the replay would remove the backup's. */
    @Test
    void whatWasWrittenInADroppedMonthIsCountedAndComesBackAsTheBackupHasItAsAdvised() throws SQLException {
        orders.throughSwap();
        database.execute(
                "UPDATE orders SET status = 'paid' WHERE id IN (2, 14)",
                "DELETE FROM orders WHERE id = 26",
                "UPDATE orders SET created_at = created_at + interval '1 month' WHERE id IN (37, 38)",
                "INSERT INTO orders SELECT i, 'late', 1, 'x', '2024-03-05 00:00+00' FROM generate_series(5000, 5004) AS i",
                "DROP TABLE orders_202403");

        String message = refusedReverseSwap(
                "public.orders and its backup differ in 20 rows",
                "Of its rows the backup has 16 as they were last, and 4 only as they were before they were updated, or deleted, since the swap, and 5 that were inserted since are in neither table. To have",
                "14 (in public.orders_old as it was before it was written, in no partition of public.orders)");
        database.execute(advised(
                message, "orders_202403", "To have those of its rows again that were not written since the swap"));
        message = refusedReverseSwap(
                "public.orders and its backup differ in 4 rows",
                "Of its rows the backup has 0 as they were last, and 4 only as they were before");
        database.execute(advised(
                message,
                "orders_202403",
                "To have the others again as the backup has them, those that were deleted, too"));

        assertThat(database.queryLong("SELECT count(*) FROM orders")).isEqualTo(80);
        assertSwapsBackWithWhatTheLiveTableHas();
    }

    @Test
    void theDropKeepsTheOnlyRowsThereAreOfADroppedMonthUntilPeopleDoWithoutThemAsAdvised() throws SQLException {
        orders.throughSwap();
        database.execute(
                "UPDATE orders SET status = 'paid' WHERE id % 4 = 2",
                "ALTER TABLE orders DETACH PARTITION orders_202403", "DROP TABLE orders_202403");

        Throwable refused = catchThrowable(orders::dropBackup);
        assertThat(refused)
                .hasMessageContainingAll(
                        "differ in 20 rows, of which 20 were written since the swap and then went with a partition. Nothing was dropped",
                        "Of its rows the backup has 0 as they were last, and 20 only as they were before");
        database.execute(advised(refused.getMessage(), "orders_202403", "To do without them for good"));
        List<String> live = orders.rows();
        orders.dropBackup();

        assertThat(orders.rows()).isEqualTo(live);
        assertThat(orders.exists(orders.backup())).isFalse();
    }

    /** The comparison of generated columns begins with a replay. */
    @Test
    void whatWasWrittenInADroppedMonthIsNotReplayedAwayBeforeItIsCounted() throws SQLException {
        database.execute("ALTER TABLE orders ADD COLUMN doubled numeric GENERATED ALWAYS AS (amount * 2) STORED");
        orders.throughSwap();
        database.execute("UPDATE orders SET status = 'paid' WHERE id % 4 = 2", "DROP TABLE orders_202403");

        refusedReverseSwap("Of its rows the backup has 0 as they were last, and 20 only as they were before");
        assertThat(database.queryLong("SELECT count(*) FROM orders_old WHERE id % 4 = 2"))
                .isEqualTo(20);
    }

    @Test
    void aDetachedMonthIsNamedAndAttachedAgainAsAdvised() throws SQLException {
        swapAndWriteSome();
        List<String> all = orders.rows();
        database.execute(
                "ALTER TABLE orders DETACH PARTITION orders_202403", "ALTER TABLE orders_202403 RENAME TO march");

        String message = refusedReverseSwap("public.orders_202403 was detached, and is public.march now");
        database.execute(advised(message, "orders_202403", "To have its rows again"));

        assertThat(orders.rows()).isEqualTo(all);
        assertSwapsBackWithWhatTheLiveTableHas();
    }

    @Test
    void aDetachedMonthStaysOutAsAdvisedAndKeepsItsRows() throws SQLException {
        swapAndWriteSome();
        database.execute("ALTER TABLE orders DETACH PARTITION orders_202403");
        List<String> march = database.queryStrings("SELECT t::text FROM orders_202403 AS t ORDER BY 1");

        String message = refusedReverseSwap("public.orders_202403 was detached");
        database.execute(advised(message, "orders_202403", "To do without them for good"));

        assertSwapsBackWithWhatTheLiveTableHas();
        orders.undo();
        assertDetachedMonthIs(march);
    }

    @Test
    void aMonthThatStaysOutKeepsNoTriggerOfOursWhenTheBackupIsDropped() throws SQLException {
        swapAndWriteSome();
        database.execute("ALTER TABLE orders DETACH PARTITION orders_202403");
        List<String> march = database.queryStrings("SELECT t::text FROM orders_202403 AS t ORDER BY 1");

        String message = catchThrowable(orders::dropBackup).getMessage();
        database.execute(advised(message, "orders_202403", "To do without them for good"));

        orders.dropBackup();
        assertDetachedMonthIs(march);
    }

    private void assertDetachedMonthIs(List<String> rows) {
        assertThat(database.queryStrings("SELECT t::text FROM orders_202403 AS t ORDER BY 1"))
                .isEqualTo(rows);
        assertThat(database.queryStrings("SELECT tgname FROM pg_trigger WHERE tgrelid = 'orders_202403'::regclass"))
                .isEmpty();
    }

    @Test
    void aMonthThatIsRebuiltUnderItsNameIsNamedAndGoesBackAsItIs() throws SQLException {
        swapAndWriteSome();
        database.execute(
                "CREATE TABLE march (LIKE orders INCLUDING ALL)",
                "INSERT INTO march SELECT id, 'cleaned', amount, filler, created_at FROM orders_202403 WHERE id % 3 <> 0",
                "INSERT INTO march VALUES (5000, 'loaded', 1, 'x', '2024-03-05 00:00+00')",
                "ALTER TABLE orders DETACH PARTITION orders_202403",
                "DROP TABLE orders_202403",
                "ALTER TABLE march RENAME TO orders_202403",
                "ALTER TABLE orders ATTACH PARTITION orders_202403 " + MARCH);

        String message = refusedReverseSwap("public.orders_202403 was dropped", "public.orders_202403 was attached");
        database.execute(
                advised(message, "orders_202403", "To do without them for good"),
                advised(message, "orders_202403", "To go by what it has now"));
        // Writes to the month meanwhile are captured, and hold nothing up.
        database.execute("DELETE FROM orders_202403 WHERE id = (SELECT min(id) FROM orders_202403)");

        assertSwapsBackWithWhatTheLiveTableHas();
        assertThat(database.queryLong("SELECT count(*) FROM orders WHERE status = 'loaded'"))
                .isEqualTo(1);
    }

    @Test
    void aMonthThatIsCleanedWhileItIsDetachedIsNamedAndGoesBackAsItIs() throws SQLException {
        swapAndWriteSome();
        database.execute(
                "ALTER TABLE orders DETACH PARTITION orders_202403",
                "DELETE FROM orders_202403 WHERE id % 3 = 0",
                "UPDATE orders_202403 SET status = 'cleaned' WHERE id % 3 = 1",
                "INSERT INTO orders_202403 VALUES (5000, 'loaded', 1, 'x', '2024-03-05 00:00+00')",
                "ALTER TABLE orders ATTACH PARTITION orders_202403 " + MARCH);

        String message = refusedReverseSwap("public.orders_202403 was detached and attached again");
        database.execute(advised(message, "orders_202403", "To go by what it has now"));

        assertSwapsBackWithWhatTheLiveTableHas();
    }

    @Test
    void whatIsTakenOutOfTheDefaultPartitionAndMendedAndAttachedIsNotLost() throws SQLException {
        database.execute("UPDATE orders SET created_at = created_at + interval '10 years' WHERE id <= 30");
        orders.throughSwap();
        database.execute("UPDATE orders SET status = 'paid' WHERE id <= 60");
        database.execute(
                "CREATE TABLE mended (LIKE orders INCLUDING ALL)",
                "WITH taken AS (DELETE FROM orders_default RETURNING *) INSERT INTO mended SELECT id, status, amount, filler, '2024-05-05 00:00+00' FROM taken",
                "ALTER TABLE orders ATTACH PARTITION mended " + NEXT_MAY);
        assertThat(database.queryLong("SELECT count(*) FROM mended")).isEqualTo(30);

        String message = refusedReverseSwap("public.mended has rows that the backup has not, or not so");
        database.execute(message.substring(message.indexOf("INSERT INTO")));

        assertSwapsBackWithWhatTheLiveTableHas();
        assertThat(database.queryLong("SELECT count(*) FROM orders")).isEqualTo(80);
    }

    @Test
    void aPartitionThatIsRewrittenOrDetachedForAMomentWithTheSameRowsHoldsNothingUp() throws SQLException {
        swapAndWriteSome();
        database.execute(
                "VACUUM FULL orders_202404",
                "ALTER TABLE orders DETACH PARTITION orders_202403",
                "ALTER TABLE orders ATTACH PARTITION orders_202403 " + MARCH);

        assertSwapsBackWithWhatTheLiveTableHas();

        assertThat(orders.lines())
                .anyMatch(
                        line -> line.contains(
                                "partitions of public.orders are not what the swap left (public.orders_202403 was detached and attached again, public.orders_202404 was rewritten"));
    }

    /** A replay has brought its rows into the backup, in an attempt that did not get its lock. */
    @Test
    void theRowsOfAPartitionMadeSinceAreNotResurrectedWhenItIsTruncatedOrDropped() throws Exception {
        orders.throughSwap();
        database.execute(
                "CREATE TABLE orders_202405 PARTITION OF orders " + NEXT_MAY,
                "CREATE TABLE later PARTITION OF orders FOR VALUES FROM ('2024-06-01 00:00+00') TO ('2025-03-01 00:00+00')",
                "INSERT INTO orders SELECT i, 'late', 1, 'x', timestamptz '2024-05-05 00:00+00' + (i % 2) * interval '1 month' FROM generate_series(5000, 5099) AS i");
        try (Transaction holder = Transaction.begin(database)) {
            holder.run("SELECT count(*) FROM orders");
            assertThatThrownBy(
                            () -> orders.reverseSwap(new SwapSettings(new LockPolicy(Duration.ofMillis(50), 1), 1000)))
                    .isInstanceOf(LockNotAvailable.class);
        }
        assertThat(database.queryLong("SELECT count(*) FROM orders_old WHERE status = 'late'"))
                .isEqualTo(100);
        database.execute("TRUNCATE orders_202405", "DROP TABLE later");

        String message = refusedReverseSwap("public.orders_202405 was rewritten", "public.later was dropped");
        database.execute(
                advised(message, "orders_202405", "To go by what it has now"),
                advised(message, "later", "To do without them for good"));

        assertSwapsBackWithWhatTheLiveTableHas();
        assertThat(database.queryLong("SELECT count(*) FROM orders")).isEqualTo(80);
    }

    /** Only the replay that took its rows over has recorded it. */
    @Test
    void whatWasWrittenInAPartitionMadeSinceIsNotReplayedAwayOnceItIsDropped() throws SQLException {
        orders.throughSwap();
        database.execute(
                "CREATE TABLE later PARTITION OF orders " + NEXT_MAY,
                "INSERT INTO orders SELECT i, 'late', 1, 'x', '2024-05-05 00:00+00' FROM generate_series(5001, 5003) AS i");
        orders.step("update", run -> CatchUp.run(run, CatchUp.DEFAULT_TIME, GivenPace.NOTHING));
        database.execute("UPDATE orders SET status = 'later' WHERE id > 5000", "DROP TABLE later");

        assertThatThrownBy(
                        () -> orders.step("update", run -> CatchUp.run(run, CatchUp.DEFAULT_TIME, GivenPace.NOTHING)))
                .hasMessageContaining("Nothing was replayed");
        String message = refusedReverseSwap(
                "public.later was dropped. Of its rows the backup has 0 as they were last, and 3 only as they were before");
        database.execute(advised(
                message, "later", "To have the others again as the backup has them, those that were deleted, too"));
        assertSwapsBackWithWhatTheLiveTableHas();
        assertThat(database.queryLong("SELECT count(*) FROM orders WHERE status = 'late'"))
                .isEqualTo(3);
    }

    /** Minutes can pass between two attempts at the lock, and then comes a replay. */
    @Test
    void whatWasWrittenInAMonthThatIsDroppedWhileTheLockIsWaitedForIsNotReplayedAway() throws Exception {
        orders.throughSwap();
        try (Transaction reader = Transaction.begin(database);
                Transaction writer = Transaction.begin(database)) {
            reader.run("LOCK TABLE orders_old IN ACCESS SHARE MODE");
            Future<Void> rollback = MigrationFixture.inBackground(
                    () -> orders.reverseSwap(new SwapSettings(new LockPolicy(Duration.ofMillis(500), 20), 1000)));
            orders.awaitBlockedStatement("LOCK TABLE");
            writer.run("UPDATE orders SET status = 'paid' WHERE id % 4 = 2", "DROP TABLE orders_202403");
            writer.commit();

            assertThatThrownBy(() -> MigrationFixture.join(rollback))
                    .hasMessageContaining(
                            "Partitions of public.orders have just been changed: public.orders_202403 was dropped");
            reader.rollback();
        }
        refusedReverseSwap("Of its rows the backup has 0 as they were last, and 20 only as they were before");
    }

    @Test
    void theDropNamesADroppedMonthAndGoesOnAsAdvised() throws SQLException {
        swapAndWriteSome();
        database.execute("DROP TABLE orders_202403");
        List<String> live = orders.rows();

        Throwable refused = catchThrowable(orders::dropBackup);
        assertThat(refused)
                .isInstanceOf(PartitionException.class)
                .hasMessageContainingAll("Nothing was dropped", "public.orders_202403 was dropped");
        assertThat(orders.exists(orders.backup())).isTrue();
        database.execute(advised(refused.getMessage(), "orders_202403", "To do without them for good"));
        orders.dropBackup();

        assertThat(orders.rows()).isEqualTo(live);
        assertThat(orders.exists(orders.backup())).isFalse();
    }

    @Test
    void theRowsOfADroppedMonthAreForgottenOrComeBackWhereTheKeyHasGotAnotherType() throws SQLException {
        orders.converting("id", "numeric(20,0)", null, null);
        swapAndWriteSome();
        database.execute("DROP TABLE orders_202403", "DROP TABLE orders_202404");

        String message = refusedReverseSwap("public.orders_202403 was dropped", "public.orders_202404 was dropped");
        database.execute(
                advised(message, "orders_202403", "To do without them for good"),
                advised(
                        message,
                        "orders_202404",
                        "To have those of its rows again that were not written since the swap"));
        message = refusedReverseSwap("Of its rows the backup has 0 as they were last");
        database.execute(advised(
                message,
                "orders_202404",
                "To have the others again as the backup has them, those that were deleted, too"));

        assertThat(database.queryLong("SELECT count(*) FROM orders_default WHERE extract(month FROM created_at) = 4"))
                .isEqualTo(15);
        assertSwapsBackWithWhatTheLiveTableHas();
    }

    @Test
    void aChildThatTriggersRouteToIsNamedWhenItIsTakenOutOrDroppedAndTheAdviceHolds() throws SQLException {
        orders.routedByTrigger();
        swapAndWriteSome();
        List<String> before = orders.rows();
        database.execute("ALTER TABLE orders_202404 NO INHERIT orders");
        String message = refusedReverseSwap("public.orders_202404 was detached");
        database.execute(advised(message, "orders_202404", "To have its rows again"));
        assertThat(orders.rows()).isEqualTo(before);

        database.execute("DROP TABLE orders_202403");
        message = refusedReverseSwap("public.orders_202403 was dropped");
        database.execute(advised(message, "orders_202403", "To do without them for good"));

        assertSwapsBackWithWhatTheLiveTableHas();
    }

    @Test
    void theSwapComparesAgainWhereAPartitionOfTheNewTableWasPutInAnotherOnesPlace() throws SQLException {
        orders.throughVerification();
        database.execute(
                "ALTER TABLE orders_new DETACH PARTITION orders_202403",
                "ALTER TABLE orders_202403 RENAME TO march",
                "CREATE TABLE orders_202403 (LIKE march INCLUDING ALL)",
                "ALTER TABLE orders_new ATTACH PARTITION orders_202403 " + MARCH);

        assertThatThrownBy(orders::swap)
                .isInstanceOf(PartitionException.class)
                .hasMessageContaining("public.orders and public.orders_new differ in 20 rows");
        assertThat(orders.lines())
                .anyMatch(
                        line -> line.contains(
                                "public.orders or public.orders_new was rewritten or altered since the tables were compared. They are compared once more"));
        assertThat(orders.kind()).isEqualTo("r");
    }

    /** In whatever order the remedies are applied. */
    @Test
    void theRemedyForAPartitionThatIsNoneOfTheMonthsTakesNoOtherMonthsRowsAway() throws SQLException {
        orders.throughSwap();
        List<String> before = orders.rows();
        database.execute("CREATE TABLE extra PARTITION OF orders " + NEXT_MAY, "DROP TABLE orders_202404");

        String message = refusedReverseSwap("public.extra was attached", "public.orders_202404 was dropped");
        database.execute(advised(message, "extra", "To go by what it has now"));
        database.execute(advised(
                message, "orders_202404", "To have those of its rows again that were not written since the swap"));

        orders.reverseSwap();
        assertThat(orders.rows()).isEqualTo(before);
    }

    /** The live table would accept the key a second time, in another month. */
    @Test
    void whatIsBroughtOverFromTheBackupIsNotWhatTheLiveTableHasInAnotherMonth() throws SQLException {
        orders.throughSwap();
        database.execute(
                "ALTER TABLE orders DISABLE TRIGGER orders_delta_capture",
                "UPDATE orders SET created_at = '2024-02-09 00:00+00' WHERE id = 7",
                "DELETE FROM orders WHERE id = 8",
                "ALTER TABLE orders ENABLE ALWAYS TRIGGER orders_delta_capture");

        String message = refusedReverseSwap("differ in 3 rows");
        database.execute(MigrationFixture.advised(new PartitionException(message), "Where public.orders_old is right"));

        assertThat(database.queryLong("SELECT count(*) FROM orders WHERE id IN (7, 8)"))
                .isEqualTo(2);
    }
}
