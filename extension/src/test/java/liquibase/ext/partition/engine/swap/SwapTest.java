package liquibase.ext.partition.engine.swap;

import static liquibase.ext.partition.engine.MigrationFixture.advised;
import static liquibase.ext.partition.engine.MigrationFixture.inBackground;
import static liquibase.ext.partition.engine.MigrationFixture.join;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.catchThrowable;

import java.sql.Connection;
import java.sql.DriverManager;
import java.sql.SQLException;
import java.sql.Statement;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.List;
import java.util.Properties;
import java.util.concurrent.Future;
import java.util.concurrent.locks.LockSupport;
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
import org.postgresql.PGConnection;
import org.postgresql.replication.LogSequenceNumber;
import org.postgresql.replication.PGReplicationStream;

/** The switch and its way back: the lock, the drain, and no lost row. */
@ExtendWith(FreshDatabase.class)
class SwapTest {
    private static final LockPolicy SHORT = new LockPolicy(Duration.ofMillis(50), 3);

    private TestDatabase database;
    private MigrationFixture orders;

    @BeforeEach
    void orders() {
        orders = MigrationFixture.ofOrders(database, 1000);
    }

    private static String insert(long id) {
        return "INSERT INTO orders (id, status, created_at) VALUES (%d, 'new', timestamptz '2024-03-01 00:00+00')"
                .formatted(id);
    }

    private String kindOfOrders() {
        return database.queryString("SELECT relkind FROM pg_class WHERE oid = 'orders'::regclass");
    }

    /** Every row of {@code orders} as it must be, whichever table has the name. */
    private List<String> rows() {
        return database.queryStrings("SELECT t::text FROM orders AS t ORDER BY 1");
    }

    @Test
    void drainsWhatWasWrittenSinceTheLastReplay() throws SQLException {
        orders.throughVerification();
        database.execute(
                "UPDATE orders SET status = 'paid' WHERE id % 10 = 0",
                "UPDATE orders SET created_at = created_at + interval '1 month' WHERE id % 10 = 1",
                "UPDATE orders SET id = id + 5000 WHERE id % 10 = 2",
                "DELETE FROM orders WHERE id % 10 = 3",
                insert(9000));
        List<String> rows = rows();

        orders.swap();

        assertThat(kindOfOrders()).isEqualTo("p");
        assertThat(rows()).isEqualTo(rows);
        assertThat(orders.deltaRows()).isZero();
        assertThat(orders.phase()).isEqualTo("swapped");
        assertThat(database.queryLong("SELECT lock_held_ms FROM partition_migration"))
                .isBetween(0L, 20_000L);
    }

    @Test
    void isRefusedBeforeSourceAndNewTableHaveBeenFoundEqual() throws SQLException {
        orders.prepare().capture().copy().index().replay();
        database.execute("DELETE FROM orders_new WHERE id = 5");

        assertThatThrownBy(orders::swap)
                .isInstanceOf(PartitionException.class)
                .hasMessageContaining("public.orders and public.orders_new differ in 1 rows");
        assertThatThrownBy(orders::swap)
                .isInstanceOf(PartitionException.class)
                .hasMessageContaining("public.orders and public.orders_new differ in 1 rows")
                .hasMessageContaining("nothing is swapped while they differ")
                .hasMessageContaining("liquibase update -DrestartCopy=orders");
        assertThat(kindOfOrders()).isEqualTo("r");
    }

    /**
     * As after somebody's rollback in the middle of an update: Liquibase has recorded work that is not done, and does
     * not repeat it.
     */
    @Test
    void comparesFirstWhereItIsNotRecordedThatTheTablesAreEqual() throws SQLException {
        orders.prepare().capture().copy().index().replay();

        orders.swap();

        assertThat(orders.lines())
                .anyMatch(line -> line.endsWith(
                        "that public.orders and public.orders_new are equal is not recorded. They are compared first."))
                .anyMatch(line ->
                        line.startsWith("verification of public.orders_new: ") && line.contains("no difference"));
        assertThat(kindOfOrders()).isEqualTo("p");
    }

    @Test
    void renamesNothingWhenTheLockIsNeverGivenAndWorksOnceItIs() throws Exception {
        orders.throughVerification();
        try (Transaction holder = Transaction.begin(database)) {
            holder.run("SET application_name = 'nightly report'", "SELECT count(*) FROM orders");

            assertThatThrownBy(() -> orders.swap(new SwapSettings(SHORT, 1000)))
                    .isInstanceOf(LockNotAvailable.class)
                    .hasMessageContaining("Could not lock public.orders in 3 attempts of up to 50 ms")
                    .hasMessageContaining("Nothing was renamed and change capture is still on")
                    .hasMessageContaining("nightly report")
                    .hasMessageContaining("idle in transaction");
        }
        assertThat(kindOfOrders()).isEqualTo("r");
        assertThat(orders.exists(orders.backup())).isFalse();
        assertThat(database.queryLong("SELECT count(*) FROM pg_class WHERE relname LIKE 'orders_delta_batch%'"))
                .isZero();
        database.execute(insert(5000));
        assertThat(orders.deltaRows()).isEqualTo(1);

        orders.swap();

        assertThat(kindOfOrders()).isEqualTo("p");
        assertThat(database.queryLong("SELECT count(*) FROM orders")).isEqualTo(1001);
    }

    @Test
    void letsWritersThroughBetweenItsAttemptsAndTakesTheirWritesAlong() throws Exception {
        orders.throughVerification();
        try (Transaction holder = Transaction.begin(database)) {
            holder.run(insert(5000));
            Future<Void> swap =
                    inBackground(() -> orders.swap(new SwapSettings(new LockPolicy(Duration.ofMillis(100), 30), 1000)));
            for (int i = 1; i <= 3; i++) {
                orders.awaitBlockedStatement("LOCK TABLE");
                database.execute(insert(5000 + i));
            }
            assertThat(swap.isDone()).isFalse();
            holder.commit();
            join(swap);
        }
        assertThat(kindOfOrders()).isEqualTo("p");
        assertThat(database.queryLong("SELECT count(*) FROM orders WHERE id >= 5000"))
                .isEqualTo(4);
        orders.assertSameRows(orders.source(), orders.backup());
    }

    /** No replay outside the lock can have seen it. */
    @Test
    void drainsWhatIsCommittedAtTheMomentThatTheLockIsGiven() throws Exception {
        orders.throughVerification();
        try (Transaction writer = Transaction.begin(database)) {
            writer.run("UPDATE orders SET status = 'paid' WHERE id <= 5");
            Future<Void> swap =
                    inBackground(() -> orders.swap(new SwapSettings(new LockPolicy(Duration.ofSeconds(20), 1), 100)));
            orders.awaitBlockedStatement("LOCK TABLE");
            writer.commit();
            join(swap);
        }
        assertThat(orders.deltaRows()).isZero();
        orders.assertSameRows(orders.source(), orders.backup());
    }

    @Test
    void givesTheLockBackWhenMoreIsToDrainThanAllowedAndReplaysOutsideItFirst() throws Exception {
        orders.throughVerification();
        try (Transaction writer = Transaction.begin(database)) {
            // Commits 500 delta rows at the moment that the swap gets its lock.
            writer.run("UPDATE orders SET status = 'paid' WHERE id <= 500");
            Future<Void> swap =
                    inBackground(() -> orders.swap(new SwapSettings(new LockPolicy(Duration.ofSeconds(20), 2), 100)));
            orders.awaitBlockedStatement("LOCK TABLE");
            writer.commit();
            join(swap);
        }

        assertThat(orders.lines())
                .anySatisfy(line ->
                        assertThat(line).contains("delta rows under the lock").contains("it was given back"));
        assertThat(kindOfOrders()).isEqualTo("p");
        assertThat(database.queryLong("SELECT count(*) FROM orders WHERE status = 'paid'"))
                .isEqualTo(500);
        orders.assertSameRows(orders.source(), orders.backup());
    }

    @Test
    void aSwapThatFailsUnderTheLockLeavesEverythingAsItWas() throws SQLException {
        orders.throughVerification();
        List<String> rows = rows();
        // The names that the switch assigns are taken in the middle of its statements.
        database.execute("CREATE TABLE orders_pkey_old ()");

        assertThatThrownBy(orders::swap).isInstanceOf(SQLException.class).hasMessageContaining("orders_pkey_old");

        assertThat(kindOfOrders()).isEqualTo("r");
        assertThat(rows()).isEqualTo(rows);
        database.execute(insert(5000), "DROP TABLE orders_pkey_old");
        assertThat(orders.deltaRows()).isEqualTo(1);
        orders.swap();
        assertThat(database.queryLong("SELECT count(*) FROM orders")).isEqualTo(1001);
    }

    @Test
    void isDoneOnceHoweverOftenItIsRun() throws SQLException {
        orders.throughSwap();
        orders.swap();
        assertThat(orders.lines()).last().asString().contains("is swapped already");
    }

    @Test
    void refusesABackupNameThatIsTaken() throws SQLException {
        orders.throughVerification();
        database.execute("CREATE TABLE orders_old ()");

        assertThatThrownBy(orders::swap)
                .isInstanceOf(PartitionException.class)
                .hasMessageContaining("There is a table public.orders_old already");
    }

    @Test
    void refusesTruncateOfTheTableAndOfEachPartitionAfterwards() throws SQLException {
        orders.throughSwap();
        for (String table : List.of("orders", "orders_202403", "orders_default")) {
            assertThatThrownBy(() -> {
                        try (Transaction truncate = Transaction.begin(database)) {
                            truncate.run("TRUNCATE " + table);
                        }
                    })
                    .isInstanceOf(SQLException.class)
                    .hasMessageContaining("TRUNCATE of public." + table + " is refused");
        }
        assertThat(database.queryLong("SELECT count(*) FROM orders")).isEqualTo(1000);

        orders.dropBackup();

        database.execute("TRUNCATE orders_202403");
    }

    @Test
    void aRoleWithRightsOnTheSourceOnlyWritesOnThroughSwapAndReverseSwap() throws SQLException {
        String writer = database.createRole("writer", "");
        database.execute("GRANT SELECT, INSERT, UPDATE, DELETE ON orders TO " + writer);
        orders.throughSwap();
        writeAs(writer, 1);
        assertThat(orders.deltaRows()).isEqualTo(4);

        orders.reverseSwap();

        assertThat(database.queryLong("SELECT count(*) FROM orders WHERE status = 'by 1'"))
                .isEqualTo(2);
        writeAs(writer, 2);
    }

    private void writeAs(String writer, int number) throws SQLException {
        try (Transaction transaction = Transaction.beginAs(database, writer)) {
            transaction.run(
                    "INSERT INTO orders (id, status, created_at) VALUES (%d, 'by %d', timestamptz '2024-03-01 00:00+00')"
                            .formatted(7000 + number, number),
                    "UPDATE orders SET status = 'by %d', created_at = timestamptz '2024-12-12 00:00+00' WHERE id = %d"
                            .formatted(number, number),
                    "DELETE FROM orders WHERE id = " + (10 + number));
            transaction.commit();
        }
    }

    @Test
    void theReverseSwapLosesNoRowWrittenSinceTheSwap() throws SQLException {
        orders.throughSwap();
        database.execute(
                insert(5000),
                insert(5001),
                "UPDATE orders SET status = 'paid' WHERE id = 1",
                "UPDATE orders SET created_at = timestamptz '2024-12-24 00:00+00' WHERE id IN (2, 5001)",
                "UPDATE orders SET created_at = timestamptz '2030-01-01 00:00+00' WHERE id = 3",
                "UPDATE orders SET id = 6000 WHERE id = 4",
                "UPDATE orders SET id = 6001, created_at = timestamptz '2024-10-10 00:00+00' WHERE id = 5",
                "DELETE FROM orders WHERE id IN (6, 7)",
                insert(7),
                "UPDATE orders SET amount = NULL");
        List<String> rows = rows();

        orders.reverseSwap();

        assertThat(kindOfOrders()).isEqualTo("r");
        assertThat(rows()).isEqualTo(rows);
        assertThat(orders.phase()).isEqualTo("verified");
        assertThat(orders.exists(orders.backup())).isFalse();
        orders.assertNewTableEqualsSource();
    }

    @Test
    void canBeDoneAgainAfterItWasTakenBack() throws SQLException {
        orders.throughSwap();
        database.execute(insert(5000));
        orders.reverseSwap();
        database.execute(
                insert(5001),
                "UPDATE orders SET created_at = timestamptz '2024-10-10 00:00+00' WHERE id IN (1, 5000)",
                "DELETE FROM orders WHERE id = 2");
        List<String> rows = rows();

        orders.swap();

        assertThat(kindOfOrders()).isEqualTo("p");
        assertThat(rows()).isEqualTo(rows);
        orders.reverseSwap();
        assertThat(rows()).isEqualTo(rows);
        orders.swap().dropBackup();
        assertThat(rows()).isEqualTo(rows);
        assertThat(orders.exists(orders.backup())).isFalse();
        assertThat(orders.exists(orders.delta())).isFalse();
        assertThat(database.queryLong("SELECT count(*) FROM pg_proc WHERE proname LIKE 'orders%'"))
                .isZero();
        database.execute(insert(8000));
    }

    @Test
    void theReverseSwapIsRefusedOnceTheBackupIsDropped() throws SQLException {
        orders.throughSwap().dropBackup();

        assertThatThrownBy(orders::reverseSwap)
                .isInstanceOf(PartitionException.class)
                .hasMessageContaining("there is no table to go back to");
    }

    @Test
    void theReverseSwapSaysSoWhenTheLiveTableHasAnIdTwiceThatTheBackupCannotHold() throws SQLException {
        orders.throughSwap();
        // The partitioned table's key includes the month.
        database.execute(
                "INSERT INTO orders (id, status, created_at) VALUES (1, 'again', timestamptz '2024-09-09 00:00+00')");

        assertThatThrownBy(orders::reverseSwap)
                .isInstanceOf(PartitionException.class)
                .hasMessageContaining("its unique index refuses a row that public.orders has")
                .hasMessageContaining("Nothing is lost");
        assertThat(kindOfOrders()).isEqualTo("p");

        database.execute("DELETE FROM orders WHERE status = 'again'");
        orders.reverseSwap();
        assertThat(database.queryLong("SELECT count(*) FROM orders")).isEqualTo(1000);
    }

    @Test
    void aPartitionAddedAfterTheSwapIsCapturedAndItsRowsComeBack() throws SQLException {
        orders.throughSwap();
        database.execute(
                "CREATE TABLE orders_202501 PARTITION OF orders FOR VALUES FROM ('2025-01-01 00:00+00') TO ('2025-02-01 00:00+00')",
                "INSERT INTO orders (id, status, created_at) VALUES (5000, 'next year', timestamptz '2025-01-09 00:00+00')");

        orders.reverseSwap();

        assertThat(database.queryString("SELECT status FROM orders WHERE id = 5000"))
                .isEqualTo("next year");
        orders.swap().dropBackup();
        assertThat(database.queryString("SELECT tableoid::regclass FROM orders WHERE id = 5000"))
                .isEqualTo("orders_202501");
    }

    private static final String CAPTURE_ELSEWHERE =
            "INSERT INTO \"public\".\"orders_delta\" (\"id\", \"created_at\") SELECT \"id\", \"created_at\" FROM \"public\".\"elsewhere\"";

    private void attachATableWithARow() throws SQLException {
        orders.throughSwap();
        database.execute(
                "CREATE TABLE elsewhere (LIKE orders INCLUDING ALL)",
                "INSERT INTO elsewhere (id, status, created_at) VALUES (5000, 'elsewhere', timestamptz '2025-01-09 00:00+00')",
                "ALTER TABLE orders ATTACH PARTITION elsewhere FOR VALUES FROM ('2025-01-01 00:00+00') TO ('2025-02-01 00:00+00')",
                "INSERT INTO orders (id, status, created_at) VALUES (5001, 'through orders', timestamptz '2025-01-10 00:00+00')");

        assertThatThrownBy(orders::reverseSwap)
                .isInstanceOf(PartitionException.class)
                .hasMessageContaining("public.elsewhere has rows that the backup has not")
                .hasMessageEndingWith(CAPTURE_ELSEWHERE)
                .hasMessageContaining("Nothing was renamed");
        assertThat(kindOfOrders()).isEqualTo("p");
    }

    @Test
    void theReverseSwapDoesNotLoseRowsThatATableHadWhenItWasAttached() throws SQLException {
        attachATableWithARow();

        database.execute(CAPTURE_ELSEWHERE);
        orders.reverseSwap();

        assertThat(database.queryStrings("SELECT status FROM orders WHERE id >= 5000 ORDER BY id"))
                .containsExactly("elsewhere", "through orders");
    }

    @Test
    void theReverseSwapLeavesATableThatWasTakenOutAgain() throws SQLException {
        attachATableWithARow();

        database.execute("ALTER TABLE orders DETACH PARTITION elsewhere");
        orders.reverseSwap().undo();

        assertThat(database.queryStrings("SELECT status FROM elsewhere ORDER BY id"))
                .containsExactly("elsewhere", "through orders");
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
                "UPDATE orders SET created_at = timestamptz '2024-12-24 00:00+00' WHERE id = 7");

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
                        run -> BackupDrop.run(
                                run,
                                new liquibase.ext.partition.engine.sql.Identifier("precious"),
                                SHORT,
                                1,
                                GivenPace.NOTHING)))
                .isInstanceOf(PartitionException.class)
                .hasMessageContaining("The backup of public.orders is orders_old, not precious");
    }

    /** With a snapshot older than the rows of the new table, it would find none of them under the live name. */
    @Test
    void aTransactionWithAnOlderSnapshotThanTheNewTablesRowsIsWaitedForAndNamed() throws Exception {
        try (Transaction old = Transaction.beginRepeatableRead(database)) {
            old.run("SET application_name = 'old report'", "SELECT 1");
            orders.throughVerification();

            assertThatThrownBy(() -> orders.swap(new SwapSettings(SHORT, 1000)))
                    .isInstanceOf(PartitionException.class)
                    .hasMessageContaining("old report")
                    .hasMessageContaining("would find rows missing in public.orders")
                    .hasMessageContaining("Nothing was renamed");
            assertThat(kindOfOrders()).isEqualTo("r");
            assertThat(old.query("SELECT count(*) FROM orders")).isEqualTo("1000");
            old.rollback();

            old.run("SET application_name = 'old report'", "SELECT 1");
            Future<Void> swap = inBackground(() -> orders.swap());
            database.awaitTrue("SELECT EXISTS (SELECT FROM " + TestDatabase.ADVISORY_LOCKS + ")");
            old.rollback();
            join(swap);
            assertThat(kindOfOrders()).isEqualTo("p");
            assertThat(old.query("SELECT count(*) FROM orders")).isEqualTo("1000");
        }
    }

    /**
     * Seen on a standby of PostgreSQL 15: a transaction with an older snapshot than the new table's rows found none of
     * them.
     */
    @Test
    void whereReplicasAreAttachedItSaysThatReportsThereAreNotWaitedFor() throws Exception {
        orders.throughVerification();
        Properties properties = new Properties();
        properties.setProperty("user", database.username());
        properties.setProperty("password", database.password());
        properties.setProperty("replication", "true");
        properties.setProperty("assumeMinServerVersion", "14");
        properties.setProperty("preferQueryMode", "simple");
        String position = database.queryString("SELECT pg_current_wal_flush_lsn()");
        try (Connection replica = DriverManager.getConnection(database.url(), properties);
                PGReplicationStream stream = replica.unwrap(PGConnection.class)
                        .getReplicationAPI()
                        .replicationStream()
                        .physical()
                        .withStartPosition(LogSequenceNumber.valueOf(position))
                        .start()) {
            assertThat(stream.isClosed()).isFalse();
            orders.swap();
        }

        assertThat(orders.lines())
                .anyMatch(line -> line.startsWith("Replicas are attached (1). A transaction there")
                        && line.contains("it finds rows missing in public.orders, and no error tells it"));
    }

    @Test
    void aTransactionWithAnOlderSnapshotIsNamedAndPassedWhereTheSettingsSaySo() throws Exception {
        try (Transaction old = Transaction.beginRepeatableRead(database)) {
            old.run("SET application_name = 'old report'", "SELECT 1");
            orders.throughVerification();

            orders.swap(goingOn());

            assertThat(orders.lines())
                    .anyMatch(
                            line -> line.startsWith("Waiting for transactions with an older snapshot, for up to 300 ms")
                                    && line.contains("old report"))
                    .anyMatch(line -> line.contains("did not end within 300 ms, and onOldTransactions says to go on")
                            && line.contains("old report")
                            && line.contains("find rows missing in public.orders"));
            assertThat(old.query("SELECT count(*) FROM orders"))
                    .as("what it is warned of")
                    .isEqualTo("0");
            old.rollback();
            assertThat(old.query("SELECT count(*) FROM orders")).isEqualTo("1000");
            old.rollback();

            // The same for the way back: writes since the swap are not in the backup of that snapshot.
            database.execute(insert(9000));
            old.run("SELECT 1");
            assertThatThrownBy(() -> orders.step(
                            "rollback of lockedSwap", run -> ReverseSwap.run(run, new SwapSettings(SHORT, 1000))))
                    .hasMessageContaining("would find rows missing in public.orders");
            orders.step("rollback of lockedSwap", run -> ReverseSwap.run(run, goingOn()));
            assertThat(old.query("SELECT count(*) FROM orders")).isEqualTo("1000");
            old.rollback();
            assertThat(old.query("SELECT count(*) FROM orders")).isEqualTo("1001");
        }
    }

    /** A role without pg_read_all_stats sees neither when another role's transaction began nor what it runs. */
    @Test
    void aTransactionOfAnotherRoleWithAnOlderSnapshotIsNamedToARoleThatMayNotLookIntoIt() throws Exception {
        String owner = database.createRole("owner", "");
        String report = database.createRole("report", "");
        database.execute(
                "ALTER TABLE orders OWNER TO " + owner,
                "GRANT USAGE, CREATE ON SCHEMA public TO " + owner,
                "GRANT SELECT ON orders TO " + report);
        try (Connection connection = database.connect(report, report);
                Statement old = connection.createStatement()) {
            connection.setAutoCommit(false);
            connection.setTransactionIsolation(Connection.TRANSACTION_REPEATABLE_READ);
            old.execute("SELECT 1");
            orders.as(owner).throughVerification();

            assertThatThrownBy(() ->
                            orders.swap(new SwapSettings(SHORT, 1000, Duration.ofMillis(300), OnOldTransactions.STOP)))
                    .hasMessageContaining("would find rows missing in public.orders")
                    .hasMessageContaining("of role " + report);
            connection.rollback();
        }
        orders.swap();
        assertThat(kindOfOrders()).isEqualTo("p");
    }

    private static SwapSettings goingOn() {
        return new SwapSettings(SHORT, 1000, Duration.ofMillis(300), OnOldTransactions.GO_ON);
    }

    @Test
    void aLongTransactionThatReadsEachStatementAnewDoesNotHoldTheSwapUp() throws Exception {
        try (Transaction reader = Transaction.begin(database)) {
            reader.run("CREATE TABLE elsewhere AS SELECT 1 AS x");
            orders.throughVerification();

            orders.swap(new SwapSettings(SHORT, 1000));

            assertThat(reader.query("SELECT count(*) FROM orders")).isEqualTo("1000");
        }
    }

    /** A session that runs one statement in the background; nobody has to wait for its end. */
    private Future<Void> reading(String statement, List<String> result) {
        return inBackground(() -> result.addAll(database.queryStrings(statement)));
    }

    /**
     * The snapshots are younger than the first attempt's replay and older than the next one's. One session reads by a
     * snapshot for the whole transaction, the other by that of its statement, which a STABLE function uses.
     */
    @Test
    void whoReadsByASnapshotFromBetweenTwoAttemptsIsWaitedForBeforeTheNext() throws Exception {
        database.execute("""
                CREATE FUNCTION counted_late() RETURNS bigint LANGUAGE plpgsql STABLE AS $$
                BEGIN
                  PERFORM pg_advisory_xact_lock(4711);
                  RETURN (SELECT count(*) FROM orders WHERE id > 5000);
                END $$""");
        orders.throughVerification();
        List<String> counted = Collections.synchronizedList(new ArrayList<>());
        try (Transaction holder = Transaction.begin(database);
                Transaction gate = Transaction.begin(database);
                Transaction old = Transaction.beginRepeatableRead(database)) {
            holder.run("LOCK TABLE orders IN ACCESS SHARE MODE");
            Future<Void> swap =
                    inBackground(() -> orders.swap(new SwapSettings(new LockPolicy(Duration.ofMillis(100), 40), 1000)));
            awaitLine(swap, "Lock on public.orders not given");
            database.execute(
                    "INSERT INTO orders (id, status, created_at) SELECT 5000 + i, 'new', timestamptz '2024-03-01 00:00+00' FROM generate_series(1, 200) AS i");
            gate.run("SELECT pg_advisory_xact_lock(4711)");
            old.run("SET application_name = 'old report'", "SELECT 1");
            Future<Void> statement = reading("SELECT counted_late()", counted);
            orders.awaitBlockedStatement("counted_late");
            database.execute("UPDATE orders SET status = 'paid' WHERE id > 5000");

            awaitLine(swap, "Waiting for transactions with an older snapshot");
            holder.rollback();
            gate.rollback();
            join(statement);
            assertThat(counted).containsExactly("200");
            assertThat(kindOfOrders()).as("while the report is there").isEqualTo("r");
            assertThat(old.query("SELECT count(*) FROM orders WHERE id > 5000")).isEqualTo("200");
            old.rollback();
            join(swap);
        }
        assertThat(kindOfOrders()).isEqualTo("p");
        assertThat(database.queryLong("SELECT count(*) FROM orders WHERE status = 'paid'"))
                .isEqualTo(200);
    }

    private void awaitLine(Future<Void> step, String part) throws Exception {
        while (orders.lines().stream().noneMatch(line -> line.contains(part))) {
            if (step.isDone()) {
                join(step);
                throw new AssertionError("Done without a line <%s>: %s".formatted(part, orders.lines()));
            }
            LockSupport.parkNanos(1_000_000);
        }
    }

    /** Makes each row that enters the new table's partition of March take a twentieth of a second. */
    private void makeRowsDear() {
        database.execute(
                "CREATE FUNCTION dear(id bigint) RETURNS bigint LANGUAGE plpgsql IMMUTABLE AS 'BEGIN PERFORM pg_sleep(0.05); RETURN id; END'",
                "CREATE INDEX dear ON orders_202403 (dear(id)) WHERE status = 'dear'");
    }

    /**
     * The session that holds the lock for which the swap waits writes rows, so that they are in the delta when the lock
     * is granted.
     */
    private void whileTheLockIsWaitedFor(String write) throws Exception {
        try (Transaction holder = Transaction.begin(database)) {
            holder.run("LOCK TABLE orders IN ROW EXCLUSIVE MODE");
            Future<Void> swap =
                    inBackground(() -> orders.swap(new SwapSettings(new LockPolicy(Duration.ofSeconds(20), 2), 1000)));
            orders.awaitBlockedStatement("LOCK TABLE \"public\".\"orders\" ");
            holder.run(write);
            holder.commit();
            join(swap);
        }
    }

    @Test
    void theLockIsGivenBackWhereTheDrainWouldTakeLongByWhatARowHasCost() throws Exception {
        orders.throughVerification();
        makeRowsDear();
        database.execute("UPDATE orders SET status = 'dear' WHERE id IN (2, 14, 26, 38)");

        whileTheLockIsWaitedFor("UPDATE orders SET status = 'dear' WHERE id % 12 = 2 AND id < 300");

        assertThat(orders.lines())
                .anyMatch(line -> line.contains("delta rows under the lock, which would take more than 100 ms")
                        && line.contains("it was given back"));
        assertThat(kindOfOrders()).isEqualTo("p");
        assertThat(database.queryLong("SELECT count(*) FROM orders WHERE status = 'dear'"))
                .isEqualTo(25);
    }

    /** No row has been replayed before, so the cost of a row is unknown. */
    @Test
    void theLockIsGivenBackWhenTheSwitchTakesTooLongAllTheSame() throws Exception {
        orders.throughVerification();
        makeRowsDear();

        whileTheLockIsWaitedFor("UPDATE orders SET status = 'dear' WHERE id % 12 = 2 AND id < 500");

        assertThat(orders.lines())
                .anyMatch(line -> line.contains("The switch did not end within 1 s under the lock; it was given back"));
        assertThat(kindOfOrders()).isEqualTo("p");
        assertThat(database.queryLong("SELECT count(*) FROM orders WHERE status = 'dear'"))
                .isEqualTo(42);
    }

    private static String[] remedies(Throwable refused) {
        return refused.getMessage()
                .lines()
                .skip(1)
                .map(line -> line.replaceFirst("^.*?: ", "").replaceFirst("; or do without it: .*", ""))
                .flatMap(line -> Arrays.stream(line.split("; ")))
                .toArray(String[]::new);
    }

    private List<String> uniqueIndexes(String table) {
        return database.queryStrings("""
                SELECT pg_get_indexdef(indexrelid) FROM pg_index
                WHERE indrelid = ?::regclass AND indisunique AND NOT indisprimary ORDER BY 1""", table);
    }

    /** They used to be lost silently, together with what a unique one forbids. */
    @Test
    void indexesThatWereMadeAfterTheSwapAreNamedAndComeAlongOnceTheBackupHasThemAsTheMessageSays() throws SQLException {
        database.execute("CREATE INDEX of_status ON orders (status)");
        orders.throughSwap();
        database.execute(
                "CREATE UNIQUE INDEX one ON orders (amount, created_at) WHERE amount > 0",
                "ALTER TABLE orders ADD CONSTRAINT another UNIQUE (amount, id, created_at) DEFERRABLE INITIALLY DEFERRED",
                "CREATE INDEX \"Plain\" ON orders (amount)",
                "DROP INDEX of_status",
                "CREATE UNIQUE INDEX of_status ON orders (status, id, created_at)",
                "CREATE UNIQUE INDEX march ON orders_202403 (amount)",
                "CREATE INDEX april ON orders_202404 (status)");

        Throwable refused = catchThrowable(orders::reverseSwap);
        assertThat(refused)
                .isInstanceOf(PartitionException.class)
                .hasMessageContaining("Nothing was renamed")
                .hasMessageContaining("unique index public.march of partition public.orders_202403")
                .hasMessageContaining("or do without it: DROP INDEX \"public\".\"Plain\"")
                .hasMessageContaining(
                        "or do without it: ALTER TABLE \"public\".\"orders\" DROP CONSTRAINT \"another\"");
        assertThat(kindOfOrders()).isEqualTo("p");
        List<String> unique = uniqueIndexes("orders");

        database.execute(remedies(refused));
        orders.reverseSwap();
        assertThat(uniqueIndexes("orders"))
                .isEqualTo(unique.stream()
                        .map(it -> it.replace("ON ONLY public.orders", "ON public.orders"))
                        .toList())
                .hasSize(3);
        assertThat(database.queryString("SELECT condeferred FROM pg_constraint WHERE conname = 'another'"))
                .isEqualTo("t");
        assertThat(database.queryLong("SELECT count(*) FROM pg_indexes WHERE tablename = 'orders'"))
                .isEqualTo(5);
        assertThat(orders.lines())
                .contains("Index public.april of partition public.orders_202404 stays with public.orders_new.");
        orders.swap();
        assertThat(uniqueIndexes("orders")).isEqualTo(unique);
    }

    @Test
    void anIndexThatIsMadeAnewUnderItsNameStopsTheSwapUntilItIsCopiedAgain() throws SQLException {
        database.execute("CREATE INDEX of_status ON orders (status)");
        orders.throughVerification();
        database.execute("DROP INDEX of_status", "CREATE UNIQUE INDEX of_status ON orders (status, id, created_at)");

        assertThatThrownBy(orders::swap)
                .isInstanceOf(PartitionException.class)
                .hasMessageContaining(
                        "Index of_status of public.orders is another one than its counterpart of_status_new")
                .hasMessageContaining("liquibase update -DrestartCopy=orders");
        orders.restartCopy().swap();
        assertThat(uniqueIndexes("orders")).hasSize(1);
    }

    /** Each is there after the rollback, or is the reason for its refusal. */
    @Test
    void nothingThatWasMadeOnTheLiveTableAfterTheSwapIsLostInSilence() throws SQLException {
        database.execute(
                "CREATE TABLE statuses (status text PRIMARY KEY)",
                "INSERT INTO statuses SELECT DISTINCT status FROM orders");
        orders.throughSwap();
        for (String[] made : new String[][] {
            {
                "ALTER TABLE orders ADD CONSTRAINT positive CHECK (amount >= 0)",
                "ALTER TABLE orders DROP CONSTRAINT positive"
            },
            {"CREATE RULE quiet AS ON DELETE TO orders DO ALSO NOTHING", "DROP RULE quiet ON orders"},
            {
                "CREATE TABLE items (id bigint, at timestamptz, FOREIGN KEY (id, at) REFERENCES orders (id, created_at))",
                "DROP TABLE items"
            },
        }) {
            database.execute(made[0]);
            assertThatThrownBy(orders::reverseSwap).isInstanceOf(PartitionException.class);
            database.execute(made[1]);
        }
        database.execute(
                "ALTER TABLE orders ADD CONSTRAINT of_status FOREIGN KEY (status) REFERENCES statuses",
                "COMMENT ON INDEX orders_pkey IS 'the key'",
                "COMMENT ON COLUMN orders.amount IS 'in euros'");
        orders.reverseSwap();
        assertThat(database.queryStrings("""
                SELECT conname::text FROM pg_constraint WHERE conrelid = 'orders'::regclass AND contype = 'f'
                UNION ALL SELECT obj_description('orders_pkey'::regclass, 'pg_class')
                UNION ALL SELECT col_description('orders'::regclass, 3)""")).contains("of_status", "the key", "in euros");
    }
}
