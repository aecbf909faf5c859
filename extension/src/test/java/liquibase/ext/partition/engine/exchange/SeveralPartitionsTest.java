package liquibase.ext.partition.engine.exchange;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.sql.SQLException;
import java.time.Duration;
import java.time.LocalDate;
import java.util.List;
import java.util.concurrent.Future;
import liquibase.ext.partition.engine.MigrationFixture;
import liquibase.ext.partition.engine.PartitionException;
import liquibase.ext.partition.engine.Transaction;
import liquibase.ext.partition.engine.lock.LockPolicy;
import liquibase.ext.partition.engine.pace.GivenPace;
import liquibase.ext.partition.engine.swap.CatchUp;
import liquibase.ext.partition.engine.swap.SwapSettings;
import liquibase.ext.partition.testing.FreshDatabase;
import liquibase.ext.partition.testing.TestDatabase;
import liquibase.ext.partition.testing.Workload;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;

/** The exchange of several partitions together: there, back, and to its end. */
@ExtendWith(FreshDatabase.class)
class SeveralPartitionsTest {
    /** The second moves rows from one of the partitions to another, and out of them and into them. */
    private static final String[] WRITES = {
        "UPDATE orders SET status = 'paid' WHERE id % 10 = 0",
        "UPDATE orders SET created_at = created_at + interval '1 month' WHERE id % 10 = 1",
        "UPDATE orders SET created_at = created_at - interval '1 month' WHERE id % 10 = 4 AND created_at >= '2024-02-01 00:00+00'",
        "UPDATE orders SET id = id + 5000 WHERE id % 10 = 2",
        "DELETE FROM orders WHERE id % 10 = 3",
        "INSERT INTO orders (status, amount, created_at) SELECT 'late', 1, timestamptz '2024-01-03 00:00+00' + i * interval '2 days' FROM generate_series(0, 60) AS i",
        "INSERT INTO orders_202402 (id, status, amount, created_at) VALUES (777777, 'by the partition''s name', 1, '2024-02-05')",
    };

    private static final String CAPTURED =
            "INSERT INTO \"public\".\"orders_202401_delta\" (\"id\", \"created_at\") SELECT \"id\", \"created_at\" FROM \"public\".\"orders\" WHERE tableoid IN ('\"public\".\"orders_2024q1\"'::pg_catalog.regclass)";

    private static final String GONE =
            "INSERT INTO \"public\".\"orders_202401_delta\" (\"id\", \"created_at\") SELECT b.\"id\", b.\"created_at\" FROM \"public\".\"orders_202401_new\" AS b WHERE true AND NOT EXISTS (SELECT FROM \"public\".\"orders\" AS l WHERE l.\"id\" = b.\"id\" AND l.\"created_at\" = b.\"created_at\")";

    private TestDatabase database;

    @BeforeEach
    void orders() {
        ExchangeFixture.makeOrders(database, 600);
    }

    private ExchangeFixture firstQuarter(String interval) {
        return ExchangeFixture.of(database, "orders_202401", interval, null, null)
                .through("orders_202403");
    }

    @Test
    void monthsBecomeAQuarterGoBackAndThereAgainAndLoseNoRow() throws SQLException {
        ExchangeFixture exchange = firstQuarter("quarter").throughVerification();
        database.execute(WRITES);
        List<String> rows = exchange.rows();

        exchange.exchange();

        assertThat(exchange.rows()).isEqualTo(rows);
        assertThat(exchange.partitions()).containsExactly("orders_2024q1", "orders_default");
        assertThat(exchange.partitionsOf("orders_202401_new"))
                .containsExactly(
                        "orders_202401_new_default", "orders_202401_old", "orders_202402_old", "orders_202403_old");
        assertThat(exchange.steps().deltaRows()).isZero();
        database.execute(WRITES[0], WRITES[1], WRITES[2], WRITES[4], WRITES[5]);
        rows = exchange.rows();

        exchange.back();

        assertThat(exchange.rows()).isEqualTo(rows);
        assertThat(exchange.partitions())
                .containsExactly("orders_202401", "orders_202402", "orders_202403", "orders_default");
        assertThat(exchange.partitionsOf("orders_202401_new"))
                .containsExactly("orders_202401_new_default", "orders_2024q1");
        assertThat(exchange.steps().phase()).isEqualTo("verified");
        database.execute(WRITES[0], WRITES[1], WRITES[2], WRITES[4], WRITES[5]);
        rows = exchange.rows();

        exchange.exchange();

        assertThat(exchange.rows()).isEqualTo(rows);
        exchange.back();
        assertThat(exchange.rows()).isEqualTo(rows);
    }

    @Test
    void monthsBecomeWeeksAndTheDropLeavesNothingBehind() throws SQLException {
        ExchangeFixture exchange = firstQuarter("week").throughVerification();
        database.execute(WRITES);
        exchange.exchange();
        database.execute(WRITES[0], WRITES[1], WRITES[2], WRITES[4], WRITES[5]);
        List<String> rows = exchange.rows();
        exchange.steps().step("dropBackup", run -> CatchUp.run(run, CatchUp.DEFAULT_TIME, GivenPace.NOTHING));
        assertThat(exchange.steps().deltaRows()).isZero();
        assertThat(database.queryStrings("""
                        (SELECT b::text FROM orders_202401_new AS b EXCEPT ALL
                         SELECT o::text FROM orders AS o WHERE created_at < '2024-04-01 00:00+00')
                        UNION ALL
                        (SELECT o::text FROM orders AS o WHERE created_at < '2024-04-01 00:00+00' AND created_at >= '2024-01-01 00:00+00' EXCEPT ALL
                         SELECT b::text FROM orders_202401_new AS b)""")).isEmpty();

        exchange.steps().dropBackup();

        assertThat(exchange.rows()).isEqualTo(rows);
        assertThat(exchange.partitions()).hasSize(14).contains("orders_2024w01", "orders_2024w13", "orders_default");
        assertThat(
                        database.queryStrings(
                                "SELECT relname FROM pg_class WHERE relkind IN ('r', 'p') AND relname ~ '_(new|old|delta)' ORDER BY 1"))
                .isEmpty();
        assertThat(
                        database.queryStrings(
                                "SELECT conrelid::regclass || ' ' || conname FROM pg_constraint WHERE contype = 'c' AND conrelid::regclass::text LIKE 'orders%' AND conname <> 'orders_amount_check'"))
                .isEmpty();
        assertThat(database.queryStrings("SELECT tgname FROM pg_trigger WHERE NOT tgisinternal"))
                .isEmpty();
    }

    @Test
    void theDropAndTheWayBackAreRefusedWhereARowIsOnOneSideOnly() throws SQLException {
        ExchangeFixture exchange = firstQuarter("quarter").throughExchange();
        database.execute(
                "ALTER TABLE orders_2024q1 DISABLE TRIGGER USER",
                "DELETE FROM orders WHERE created_at >= '2024-03-01 00:00+00' AND created_at < '2024-03-10 00:00+00'",
                "ALTER TABLE orders_2024q1 ENABLE ALWAYS TRIGGER orders_202401_delta_capture",
                "ALTER TABLE orders_2024q1 ENABLE ALWAYS TRIGGER orders_202401_delta_no_truncate");

        assertThatThrownBy(() -> exchange.steps().dropBackup())
                .isInstanceOf(PartitionException.class)
                .hasMessageContaining("public.orders and its backup public.orders_202401_new differ in ")
                .hasMessageContaining("Nothing was dropped");
        assertThatThrownBy(exchange::back)
                .isInstanceOf(PartitionException.class)
                .hasMessageContaining("differ in ")
                .hasMessageContaining("Nothing was changed")
                .hasMessageContaining(CAPTURED)
                .hasMessageContaining(GONE);
        database.execute(CAPTURED, GONE);
        List<String> rows = exchange.rows();
        exchange.back();
        assertThat(exchange.rows()).isEqualTo(rows);
        assertThat(exchange.exchange().rows()).isEqualTo(rows);
    }

    @Test
    void whoseExchangeIsTakenBackBeforeItIsDoneAreAsTheyWere() throws SQLException {
        List<String> before = firstQuarter("quarter").places();
        ExchangeFixture exchange = firstQuarter("quarter").throughVerification();

        exchange.steps().undo();

        assertThat(exchange.places()).isEqualTo(before);
        assertThat(database.queryStrings(
                        "SELECT relname FROM pg_class WHERE relname ~ 'new|delta' AND relkind IN ('r', 'p')"))
                .isEmpty();
        assertThat(database.queryStrings("SELECT tgname FROM pg_trigger WHERE NOT tgisinternal"))
                .isEmpty();
    }

    /** Copies by chunks of a few rows up to a block of the second partition, and kills the worker then. */
    private ExchangeFixture interrupted() throws Exception {
        ExchangeFixture exchange = firstQuarter("quarter").prepare();
        exchange.steps().capture();
        try (Transaction gate = Transaction.begin(database)) {
            gate.run(
                    "INSERT INTO partition_chunk (migration_id, from_block, to_block, rows_copied) SELECT id, 6, 7, 0 FROM partition_migration");
            Future<Void> copy =
                    MigrationFixture.inBackground(() -> exchange.steps().copy(20, 1, false));
            exchange.steps().awaitBlockedStatement("INSERT INTO \"public\".\"partition_chunk\"");
            assertThat(database.queryStrings("""
                            SELECT pg_terminate_backend(pid) FROM pg_stat_activity
                            WHERE datname = current_database() AND application_name LIKE 'liquibase-partition chunkedCopy%'""")).isNotEmpty();
            assertThatThrownBy(() -> MigrationFixture.join(copy)).isInstanceOf(SQLException.class);
        }
        return exchange;
    }

    @Test
    void aCopyThatIsInterruptedGoesOnInTheOneThatItWasIn() throws Exception {
        ExchangeFixture exchange = interrupted();
        List<List<String>> before =
                database.queryRows("SELECT from_block, finished_at FROM partition_chunk ORDER BY from_block");
        database.execute(WRITES);

        exchange.steps().copy(20, 2, false).index().replay().verify();

        assertThat(database.queryRows("SELECT from_block, finished_at FROM partition_chunk ORDER BY from_block"))
                .containsAll(before)
                .hasSize(6);
        List<String> rows = exchange.rows();
        assertThat(exchange.exchange().rows()).isEqualTo(rows);
    }

    @Test
    void oneThatIsRewrittenDuringTheCopyStopsItAndItIsStartedOver() throws Exception {
        ExchangeFixture exchange = interrupted();
        database.execute("VACUUM FULL orders_202403");

        assertThatThrownBy(() -> exchange.steps().copy())
                .isInstanceOf(PartitionException.class)
                .hasMessageContaining("rewritten since its copy began");

        exchange.steps().restartCopy();
        List<String> rows = exchange.rows();
        assertThat(exchange.exchange().rows()).isEqualTo(rows);
    }

    @Test
    void rowsOfOneKeyInTwoOfThemAreTwoRows() throws SQLException {
        database.execute(
                "CREATE TABLE events (id bigint NOT NULL, at date NOT NULL, note text) PARTITION BY RANGE (at)",
                "CREATE TABLE events_1 PARTITION OF events FOR VALUES FROM ('2024-01-01') TO ('2024-02-01')",
                "CREATE TABLE events_2 PARTITION OF events FOR VALUES FROM ('2024-02-01') TO ('2024-03-01')",
                "CREATE UNIQUE INDEX ON events_1 (id)",
                "CREATE UNIQUE INDEX ON events_2 (id)",
                "INSERT INTO events SELECT i, date '2024-01-01' + i, 'january' FROM generate_series(1, 20) AS i",
                "INSERT INTO events SELECT i, date '2024-02-01' + i, 'february' FROM generate_series(1, 20) AS i");
        MigrationFixture steps = MigrationFixture.of(database, "public", "events_1", "at", "id");
        ExchangeFixture exchange = ExchangeFixture.of(database, steps, "week", null, null, "events_")
                .through("events_2")
                .prepare();
        steps.capture();
        database.execute("UPDATE events SET note = 'written' WHERE at < '2024-01-11'");
        steps.copy().index().replay().verify();
        database.execute("UPDATE events SET note = 'once more' WHERE at >= '2024-02-11'");
        List<String> rows = database.queryStrings("SELECT e::text FROM events AS e ORDER BY 1");

        exchange.exchange();

        assertThat(rows).hasSize(40);
        assertThat(database.queryStrings("SELECT e::text FROM events AS e ORDER BY 1"))
                .isEqualTo(rows);
        database.execute("DELETE FROM events WHERE id = 7 AND at < '2024-02-01'");
        rows = database.queryStrings("SELECT e::text FROM events AS e ORDER BY 1");
        exchange.back();
        assertThat(database.queryStrings("SELECT e::text FROM events AS e ORDER BY 1"))
                .isEqualTo(rows);
    }

    @Test
    void whatOneOfThemHasAndTheFirstLacksIsNamed() {
        database.execute(
                "CREATE INDEX ON orders_202402 (amount)",
                "ALTER TABLE orders_202401 ADD CONSTRAINT own_check CHECK (status <> 'bad')",
                "GRANT SELECT ON orders_202401 TO PUBLIC",
                "ALTER TABLE orders_202403 ALTER COLUMN amount SET NOT NULL");

        assertThatThrownBy(() -> firstQuarter("quarter").prepare())
                .isInstanceOf(PartitionException.class)
                .hasMessageContaining(
                        "public.orders_202401 through public.orders_202403 cannot be exchanged for other partitions")
                .hasMessageContaining(
                        "public.orders_202402 has the index USING btree (amount), which public.orders_202401 lacks")
                .hasMessageContaining(
                        "public.orders_202402 lacks the check own_check CHECK ((status <> 'bad'::text)), which public.orders_202401 has")
                .hasMessageContaining(
                        "public.orders_202403 lacks the grant of SELECT to PUBLIC, which public.orders_202401 has")
                .hasMessageContaining("public.orders_202403 has NOT NULL of the column amount")
                .hasMessageContaining("Nothing was changed");
    }

    @Test
    void thoseWithAGapBetweenThemAreRefused() {
        database.execute("DROP TABLE orders_202402");

        assertThatThrownBy(() -> firstQuarter("quarter").prepare())
                .isInstanceOf(PartitionException.class)
                .hasMessageContaining(
                        "public.orders_202403 does not follow it without a gap: after public.orders_202401 none begins where that ends");
        assertThatThrownBy(() -> ExchangeFixture.of(database, "orders_202403", "quarter", null, null)
                        .through("orders_202401")
                        .prepare())
                .hasMessageContaining("public.orders_202401 does not follow it without a gap");
        assertThatThrownBy(() -> ExchangeFixture.of(database, "orders_202401", "quarter", null, null)
                        .through("orders_default")
                        .prepare())
                .hasMessageContaining("public.orders_default is no partition of public.orders with bounds");
    }

    @Test
    void oneThatIsDetachedMeanwhileStopsTheExchange() throws SQLException {
        ExchangeFixture exchange = firstQuarter("quarter").throughVerification();
        database.execute("ALTER TABLE orders DETACH PARTITION orders_202402");

        assertThatThrownBy(exchange::exchange)
                .isInstanceOf(PartitionException.class)
                .hasMessageContaining("is no partition of public.orders with the same bound any more")
                .hasMessageContaining("Nothing was exchanged");

        database.execute(
                "ALTER TABLE orders ATTACH PARTITION orders_202402 FOR VALUES FROM ('2024-02-01 00:00+00') TO ('2024-03-01 00:00+00')");
        List<String> rows = exchange.rows();
        assertThat(exchange.exchange().rows()).isEqualTo(rows);
    }

    @Test
    void valuesThatAreAlteredInOneOfThemWhileItIsDetachedAreNoticed() throws SQLException {
        ExchangeFixture exchange = firstQuarter("quarter").throughVerification();
        database.execute(
                "ALTER TABLE orders DETACH PARTITION orders_202402",
                "ALTER TABLE orders_202402 ALTER COLUMN status TYPE text USING upper(status)",
                "ALTER TABLE orders ATTACH PARTITION orders_202402 FOR VALUES FROM ('2024-02-01 00:00+00') TO ('2024-03-01 00:00+00')");

        assertThatThrownBy(exchange::exchange)
                .isInstanceOf(PartitionException.class)
                .hasMessageContaining("differ in 50 rows")
                .hasMessageContaining("nothing is swapped while they differ");

        database.execute("UPDATE orders_202402 SET status = lower(status)");
        List<String> rows = exchange.rows();
        assertThat(exchange.exchange().rows()).isEqualTo(rows);
    }

    @Test
    void aWriterWhoNamesOneOfThemIsWaitedFor() throws Exception {
        ExchangeFixture exchange = firstQuarter("quarter").throughVerification();
        try (Transaction reader = Transaction.begin(database);
                Transaction writer = Transaction.begin(database)) {
            reader.run("LOCK TABLE ONLY orders IN ACCESS SHARE MODE");
            Future<Void> exchanging = MigrationFixture.inBackground(() -> exchange.exchange(
                    new SwapSettings(new LockPolicy(Duration.ofSeconds(10), 4), SwapSettings.DEFAULT_MAX_DRAIN_ROWS)));
            // The checks on the partitions, which are made before, would wait for the writer, too.
            exchange.steps().awaitBlockedStatement("LOCK TABLE ONLY \"public\".\"orders\"");
            // Once it has written the partition, a session writes it again without a lock on the parent.
            writer.run(
                    "UPDATE orders_202403 SET status = 'before' WHERE id = 2",
                    "COMMIT",
                    "LOCK TABLE orders_202403 IN ROW EXCLUSIVE MODE");
            reader.commit();
            exchange.steps().awaitBlockedStatement(" \"public\".\"orders_202403\"");
            writer.run("UPDATE orders_202403 SET status = 'by its name' WHERE id = 2");
            writer.commit();
            MigrationFixture.join(exchanging);
        }

        assertThat(database.queryString("SELECT status FROM orders WHERE id = 2"))
                .isEqualTo("by its name");
    }

    @Test
    void aWriterWhoNamesThemInAnotherOrderIsNoVictimOfTheCapture() throws Exception {
        database.execute("ALTER DATABASE %s SET deadlock_timeout = '4s'".formatted(database.name()));
        ExchangeFixture exchange = firstQuarter("quarter").prepare();
        try (Transaction other = Transaction.begin(database);
                Transaction writer = Transaction.begin(database)) {
            other.run("LOCK TABLE orders_202402 IN ROW EXCLUSIVE MODE");
            writer.run("LOCK TABLE orders_202403 IN ROW EXCLUSIVE MODE");
            Future<Void> capturing = MigrationFixture.inBackground(
                    () -> exchange.steps().capture(new LockPolicy(Duration.ofSeconds(20), 1)));
            exchange.steps().awaitBlockedStatement("\"public\".\"orders_202402\"");
            Future<Void> writing = MigrationFixture.inBackground(() -> writer.run(
                    "INSERT INTO orders_202401 (id, status, amount, created_at) VALUES (998, 'w', 1, '2024-01-05')"));
            exchange.steps().awaitBlockedStatement("INSERT INTO orders_202401 ");
            other.commit();

            MigrationFixture.join(writing);
            writer.commit();
            assertThatThrownBy(() -> MigrationFixture.join(capturing))
                    .isInstanceOf(PartitionException.class)
                    .hasMessageContaining("Nothing was changed; no trigger was made.");
        }

        exchange.steps().capture();
        assertThat(database.queryStrings(
                        "SELECT DISTINCT tgrelid::regclass::text FROM pg_trigger WHERE NOT tgisinternal ORDER BY 1"))
                .containsExactly("orders_202401", "orders_202402", "orders_202403");
    }

    @Test
    void writersLoseNothingThereAndBackAndToTheEnd() throws SQLException {
        try (Workload workload = Workload.on(database, "public.orders", "id", "created_at")
                .writers(6)
                .between(LocalDate.of(2023, 12, 15), LocalDate.of(2024, 4, 15))
                .start()) {
            workload.awaitCommits(50);
            ExchangeFixture exchange = firstQuarter("quarter").throughVerification();
            workload.awaitCommits(50);
            exchange.exchange();
            workload.awaitCommits(50);
            exchange.back();
            workload.awaitCommits(50);
            exchange.exchange();
            workload.awaitCommits(50);
            exchange.steps().dropBackup();
            workload.awaitCommits(50);
            workload.stop();
            workload.assertNothingLost();
        }
    }
}
