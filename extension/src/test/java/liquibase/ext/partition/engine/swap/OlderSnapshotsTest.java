package liquibase.ext.partition.engine.swap;

import static liquibase.ext.partition.engine.MigrationFixture.inBackground;
import static liquibase.ext.partition.engine.MigrationFixture.insert;
import static liquibase.ext.partition.engine.MigrationFixture.join;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.sql.Connection;
import java.sql.DriverManager;
import java.sql.Statement;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Properties;
import java.util.concurrent.Future;
import java.util.concurrent.locks.LockSupport;
import liquibase.ext.partition.engine.MigrationFixture;
import liquibase.ext.partition.engine.PartitionException;
import liquibase.ext.partition.engine.Transaction;
import liquibase.ext.partition.engine.lock.LockPolicy;
import liquibase.ext.partition.testing.FreshDatabase;
import liquibase.ext.partition.testing.TestDatabase;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;
import org.postgresql.PGConnection;
import org.postgresql.replication.LogSequenceNumber;
import org.postgresql.replication.PGReplicationStream;

/** Transactions whose snapshot is older than the switch are waited for, since they would find rows missing. */
@ExtendWith(FreshDatabase.class)
class OlderSnapshotsTest {
    private static final LockPolicy SHORT = new LockPolicy(Duration.ofMillis(50), 3);
    private TestDatabase database;
    private MigrationFixture orders;

    @BeforeEach
    void orders() {
        orders = MigrationFixture.ofOrders(database, 1000, 4);
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
            assertThat(orders.kind()).isEqualTo("r");
            assertThat(old.query("SELECT count(*) FROM orders")).isEqualTo("1000");
            old.rollback();

            old.run("SET application_name = 'old report'", "SELECT 1");
            Future<Void> swap = inBackground(() -> orders.swap());
            database.awaitTrue("SELECT EXISTS (SELECT FROM " + TestDatabase.ADVISORY_LOCKS + ")");
            old.rollback();
            join(swap);
            assertThat(orders.kind()).isEqualTo("p");
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
        assertThat(orders.kind()).isEqualTo("p");
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
            assertThat(orders.kind()).as("while the report is there").isEqualTo("r");
            assertThat(old.query("SELECT count(*) FROM orders WHERE id > 5000")).isEqualTo("200");
            old.rollback();
            join(swap);
        }
        assertThat(orders.kind()).isEqualTo("p");
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
}
