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

/** The exchange of one partition: there, back, and to its end. */
@ExtendWith(FreshDatabase.class)
class PartitionExchangeTest {
    private static final String[] WRITES = {
        "UPDATE orders SET status = 'paid' WHERE id % 10 = 0",
        "UPDATE orders SET created_at = created_at + interval '1 month' WHERE id % 10 = 1",
        "UPDATE orders SET id = id + 5000 WHERE id % 10 = 2",
        "DELETE FROM orders WHERE id % 10 = 3",
        "INSERT INTO orders (status, amount, created_at) SELECT 'late', 1, timestamptz '2024-01-03 00:00+00' + i * interval '9 days' FROM generate_series(0, 60) AS i",
        "INSERT INTO orders_default (id, status, amount, created_at) VALUES (777777, 'by the partition''s name', 1, '2031-05-05')",
    };

    private static final LockPolicy PATIENT = new LockPolicy(Duration.ofSeconds(20), 2);

    private TestDatabase database;

    @BeforeEach
    void orders() {
        ExchangeFixture.makeOrders(database, 600);
    }

    @Test
    void aDefaultPartitionGivesItsRowsToMonthsAndANewDefaultPartition() throws SQLException {
        ExchangeFixture exchange = ExchangeFixture.ofTheDefault(database).throughVerification();
        database.execute(WRITES);
        List<String> rows = exchange.rows();

        exchange.exchange();

        assertThat(exchange.rows()).isEqualTo(rows);
        assertThat(exchange.partitions())
                .containsExactly(
                        "orders_202401",
                        "orders_202402",
                        "orders_202403",
                        "orders_202404",
                        "orders_202405",
                        "orders_202406",
                        "orders_202407",
                        "orders_202408",
                        "orders_202409",
                        "orders_202410",
                        "orders_202411",
                        "orders_default");
        assertThat(
                        database.queryLong(
                                "SELECT count(*) FROM orders_default WHERE created_at >= '2024-04-01 00:00+00' AND created_at < '2024-12-01 00:00+00'"))
                .isZero();
        assertThat(database.queryLong("SELECT count(*) FROM orders_default")).isPositive();
        assertThat(exchange.steps().phase()).isEqualTo("swapped");
        assertThat(exchange.steps().deltaRows()).isZero();
        assertThat(exchange.steps().exists(exchange.steps().backup())).isTrue();
    }

    @Test
    void everyPartitionHasTheIndexesOfItsSistersUnderNamesLikeTheirs() throws SQLException {
        ExchangeFixture.ofTheDefault(database).throughExchange();

        assertThat(database.queryStrings("""
                        SELECT c.relname || ': ' || string_agg(x.relname, ', ' ORDER BY x.relname)
                        FROM pg_inherits AS i JOIN pg_class AS c ON c.oid = i.inhrelid
                        JOIN pg_index AS n ON n.indrelid = c.oid AND n.indisvalid JOIN pg_class AS x ON x.oid = n.indexrelid AND x.relispartition
                        WHERE i.inhparent = 'orders'::regclass AND c.relname > 'orders_202410' GROUP BY c.relname ORDER BY 1"""))
                .containsExactly(
                        "orders_202411: orders_202411_pkey, orders_202411_status_idx",
                        "orders_default: orders_default_pkey, orders_default_status_idx");
    }

    @Test
    void itGoesBackAndThereAgainAndLosesNoRow() throws SQLException {
        ExchangeFixture exchange = ExchangeFixture.ofTheDefault(database).throughExchange();
        database.execute(WRITES);
        List<String> rows = exchange.rows();

        exchange.back();

        assertThat(exchange.rows()).isEqualTo(rows);
        assertThat(exchange.partitions())
                .containsExactly("orders_202401", "orders_202402", "orders_202403", "orders_default");
        assertThat(exchange.partitionsOf("orders_default_new")).hasSize(9);
        assertThat(exchange.steps().phase()).isEqualTo("verified");
        database.execute(
                "UPDATE orders SET status = 'again' WHERE id % 7 = 0",
                "UPDATE orders SET created_at = created_at - interval '2 months' WHERE id % 7 = 1");
        rows = exchange.rows();

        exchange.exchange();

        assertThat(exchange.rows()).isEqualTo(rows);
        assertThat(exchange.partitions()).hasSize(12);
        exchange.back();
        assertThat(exchange.rows()).isEqualTo(rows);
    }

    @Test
    void theDropComparesAndLeavesNothingBehind() throws SQLException {
        ExchangeFixture exchange = ExchangeFixture.ofTheDefault(database).throughExchange();
        database.execute(WRITES);
        List<String> rows = exchange.rows();

        exchange.steps().dropBackup();

        assertThat(exchange.rows()).isEqualTo(rows);
        assertThat(exchange.steps().phase()).isEqualTo("dropped");
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
    void theDropIsRefusedWhereARowOfTheBackupIsMissing() throws SQLException {
        ExchangeFixture exchange = ExchangeFixture.ofTheDefault(database).throughExchange();
        database.execute(
                "ALTER TABLE orders_202405 DISABLE TRIGGER USER",
                "DELETE FROM orders_202405 WHERE id % 5 = 0",
                "ALTER TABLE orders_202405 ENABLE ALWAYS TRIGGER orders_default_delta_capture",
                "ALTER TABLE orders_202405 ENABLE ALWAYS TRIGGER orders_default_delta_no_truncate");

        assertThatThrownBy(() -> exchange.steps().dropBackup())
                .isInstanceOf(PartitionException.class)
                .hasMessageContaining("differ in 10 rows")
                .hasMessageContaining("Nothing was dropped");
        assertThatThrownBy(exchange::back)
                .isInstanceOf(PartitionException.class)
                .hasMessageContaining("differ in 10 rows")
                .hasMessageContaining("Nothing was changed");
    }

    @Test
    void whatIsWrittenIsRecordedInTheBackupByEveryUpdateThatPassesBy() throws SQLException {
        ExchangeFixture exchange = ExchangeFixture.ofTheDefault(database).throughExchange();
        database.execute(WRITES);

        exchange.steps().step("dropBackup", run -> CatchUp.run(run, CatchUp.DEFAULT_TIME, GivenPace.NOTHING));

        assertThat(exchange.steps().deltaRows()).isZero();
        assertThat(database.queryStrings("""
                        (SELECT b::text FROM orders_default_old AS b
                         EXCEPT ALL SELECT o::text FROM orders AS o WHERE created_at >= '2024-04-01 00:00+00')
                        UNION ALL
                        (SELECT o::text FROM orders AS o WHERE created_at >= '2024-04-01 00:00+00'
                         EXCEPT ALL SELECT b::text FROM orders_default_old AS b)""")).isEmpty();
    }

    @Test
    void aMonthGivesItsRowsToItsDays() throws SQLException {
        ExchangeFixture exchange =
                ExchangeFixture.of(database, "orders_202402", "day", null, null).throughVerification();
        database.execute("UPDATE orders SET status = 'paid' WHERE id % 10 = 0", "DELETE FROM orders WHERE id % 10 = 3");
        List<String> rows = exchange.rows();

        exchange.exchange();

        assertThat(exchange.rows()).isEqualTo(rows);
        assertThat(exchange.partitions()).hasSize(3 - 1 + 29 + 1).contains("orders_20240201", "orders_20240229");
        assertThat(exchange.partitionsOf("orders_202402_new")).containsExactly("orders_202402_new_default");
        database.execute("INSERT INTO orders (status, amount, created_at) VALUES ('leap', 1, '2024-02-29 23:59+00')");
        rows = exchange.rows();

        exchange.back();

        assertThat(exchange.rows()).isEqualTo(rows);
        assertThat(exchange.partitions())
                .containsExactly("orders_202401", "orders_202402", "orders_202403", "orders_default");
        exchange.exchange();
        assertThat(exchange.rows()).isEqualTo(rows);
        exchange.steps().dropBackup();
        assertThat(exchange.rows()).isEqualTo(rows);
        assertThat(exchange.steps().exists(exchange.named("orders_202402_new_default")))
                .isFalse();
    }

    @Test
    void aMonthGivesItsRowsToWeeksThatBeginAndEndWithIt() throws SQLException {
        ExchangeFixture exchange = ExchangeFixture.of(database, "orders_202402", "week", null, null)
                .throughExchange();

        assertThat(exchange.partitions())
                .contains("orders_2024w05", "orders_2024w06", "orders_2024w07", "orders_2024w08", "orders_2024w09");
        assertThat(
                        database.queryLong(
                                "SELECT count(*) FROM orders WHERE created_at >= '2024-02-01 00:00+00' AND created_at < '2024-03-01 00:00+00'"))
                .isEqualTo(50);
    }

    @Test
    void whoseExchangeIsTakenBackBeforeItIsDoneIsAsItWas() throws SQLException {
        List<String> before = ExchangeFixture.ofTheDefault(database).places();
        ExchangeFixture exchange = ExchangeFixture.ofTheDefault(database).throughVerification();

        exchange.steps().undo();

        assertThat(exchange.places()).isEqualTo(before);
        assertThat(database.queryStrings(
                        "SELECT relname FROM pg_class WHERE relname ~ 'new|delta' AND relkind IN ('r', 'p')"))
                .isEmpty();
    }

    @Test
    void whatWasNeverFoundEqualIsComparedBeforeItIsExchanged() throws SQLException {
        ExchangeFixture exchange = ExchangeFixture.ofTheDefault(database).prepare();
        exchange.steps().capture().copy().index().replay();
        database.execute("DELETE FROM orders_default_new WHERE id = 3");

        assertThatThrownBy(exchange::exchange)
                .isInstanceOf(PartitionException.class)
                .hasMessageContaining("differ in 1 rows");

        assertThat(exchange.partitions()).hasSize(4);
        database.execute("UPDATE orders SET status = 'written, and so replayed' WHERE id = 3");
        exchange.exchange();
        assertThat(exchange.partitions()).hasSize(12);
    }

    @Test
    void aWriterWhoNamesThePartitionIsWaitedFor() throws Exception {
        ExchangeFixture exchange = ExchangeFixture.ofTheDefault(database).throughVerification();
        try (Transaction writer = Transaction.begin(database)) {
            // Once it has written the partition, a session writes it again without a lock on the parent.
            writer.run(
                    "UPDATE orders_default SET status = 'before' WHERE id = 3",
                    "COMMIT",
                    "LOCK TABLE orders_default IN ROW EXCLUSIVE MODE");
            Future<Void> exchanging = MigrationFixture.inBackground(
                    () -> exchange.exchange(new SwapSettings(PATIENT, SwapSettings.DEFAULT_MAX_DRAIN_ROWS)));
            exchange.steps().awaitBlockedStatement(" \"public\".\"orders_default\"");
            writer.run("UPDATE orders_default SET status = 'by its name' WHERE id = 3");
            writer.commit();
            MigrationFixture.join(exchanging);
        }

        assertThat(database.queryString("SELECT status FROM orders WHERE id = 3"))
                .isEqualTo("by its name");
    }

    @Test
    void twoExchangesBesideOneDefaultPartitionDoNotTakeEachOthersCheck() throws Exception {
        ExchangeFixture february =
                ExchangeFixture.of(database, "orders_202402", "day", null, null).throughVerification();
        ExchangeFixture march = ExchangeFixture.of(database, "orders_202403", "week", null, null)
                .throughVerification();
        List<String> rows = february.rows();
        try (Transaction writer = Transaction.begin(database)) {
            writer.run("LOCK TABLE orders_202402 IN ROW EXCLUSIVE MODE");
            Future<Void> exchanging = MigrationFixture.inBackground(() -> february.exchange(
                    new SwapSettings(new LockPolicy(Duration.ofMillis(500), 40), SwapSettings.DEFAULT_MAX_DRAIN_ROWS)));
            february.steps().awaitBlockedStatement(" \"public\".\"orders_202402\"");
            march.exchange();
            writer.commit();
            MigrationFixture.join(exchanging);
        }

        assertThat(february.partitions()).contains("orders_20240229", "orders_2024w10");
        assertThat(february.rows()).isEqualTo(rows);
    }

    @Test
    void rowsWithoutADateStayInTheDefaultPartitionThereAndBack() throws SQLException {
        database.execute(
                "CREATE TABLE events (id bigint NOT NULL, at timestamp) PARTITION BY RANGE (at)",
                "CREATE TABLE events_2024 PARTITION OF events FOR VALUES FROM ('2024-01-01') TO ('2025-01-01')",
                "CREATE TABLE events_default PARTITION OF events DEFAULT",
                "CREATE UNIQUE INDEX ON events_default (id)",
                "INSERT INTO events VALUES (1, NULL), (2, 'infinity'), (3, '-infinity'), (4, '2024-02-02'), (5, '2025-03-31 23:59:59.999999'), (6, '2025-04-01'), (7, '2025-06-30 23:59:59.999999'), (8, '2025-07-01')");
        MigrationFixture steps = MigrationFixture.of(database, "public", "events_default", "at", "id");
        ExchangeFixture exchange = ExchangeFixture.of(
                database, steps, "month", LocalDate.of(2025, 4, 1), LocalDate.of(2025, 7, 1), "events_");
        exchange.throughExchange();
        database.execute("INSERT INTO events VALUES (9, NULL)", "UPDATE events SET at = NULL WHERE id = 6");

        assertThat(database.queryStrings("SELECT id || ' ' || tableoid::regclass FROM events ORDER BY id"))
                .containsExactly(
                        "1 events_default",
                        "2 events_default",
                        "3 events_default",
                        "4 events_2024",
                        "5 events_default",
                        "6 events_default",
                        "7 events_202506",
                        "8 events_default",
                        "9 events_default");
        exchange.back();
        assertThat(database.queryStrings(
                        "SELECT id || ' ' || tableoid::regclass FROM events WHERE id <> 4 ORDER BY id"))
                .hasSize(8)
                .allMatch(it -> it.endsWith("events_default"));
    }

    @Test
    void writersLoseNothingThereAndBackAndToTheEnd() throws SQLException {
        try (Workload workload = Workload.on(database, "public.orders", "id", "created_at")
                .writers(6)
                .between(LocalDate.of(2024, 1, 1), LocalDate.of(2025, 3, 1))
                .start()) {
            workload.awaitCommits(50);
            ExchangeFixture exchange = ExchangeFixture.ofTheDefault(database).throughVerification();
            workload.awaitCommits(50);
            exchange.exchange();
            workload.awaitCommits(50);
            exchange.back();
            workload.awaitCommits(50);
            exchange.exchange();
            workload.awaitCommits(50);
            exchange.steps().dropBackup();
            workload.awaitCommits(50);
            ExchangeFixture days = ExchangeFixture.of(database, "orders_202405", "day", null, null);
            days.throughExchange();
            workload.awaitCommits(50);
            days.steps().dropBackup();
            workload.stop();
            workload.assertNothingLost();
        }
    }
}
