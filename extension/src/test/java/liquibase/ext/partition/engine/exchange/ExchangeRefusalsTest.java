package liquibase.ext.partition.engine.exchange;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.sql.SQLException;
import java.time.LocalDate;
import java.util.List;
import liquibase.ext.partition.engine.MigrationFixture;
import liquibase.ext.partition.engine.PartitionException;
import liquibase.ext.partition.engine.swap.SwapSettings;
import liquibase.ext.partition.testing.FreshDatabase;
import liquibase.ext.partition.testing.TestDatabase;
import org.assertj.core.api.AbstractThrowableAssert;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;

/** What is refused before anything is made, and what the exchange finds at the last moment. */
@ExtendWith(FreshDatabase.class)
class ExchangeRefusalsTest {
    private TestDatabase database;

    @BeforeEach
    void orders() {
        ExchangeFixture.makeOrders(database, 120);
    }

    private AbstractThrowableAssert<?, ? extends Throwable> assertRefused(ExchangeFixture exchange) {
        return assertThatThrownBy(exchange::prepare)
                .isInstanceOf(PartitionException.class)
                .hasMessageContaining("cannot be exchanged for other partitions")
                .hasMessageContaining("Nothing was changed");
    }

    private ExchangeFixture of(String partition, String interval) {
        return ExchangeFixture.of(database, partition, interval, null, null);
    }

    @Test
    void everythingThatHangsOnThePartitionByItselfIsNamedAtOnce() {
        database.execute(
                "CREATE TABLE customers (id bigint PRIMARY KEY)",
                "ALTER TABLE orders ADD COLUMN customer bigint REFERENCES customers",
                "CREATE TABLE lines (order_id bigint, order_date timestamptz, FOREIGN KEY (order_id, order_date) REFERENCES orders)",
                "CREATE VIEW late AS SELECT * FROM orders_default",
                "CREATE FUNCTION nothing() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN NULL; END'",
                "CREATE TRIGGER by_itself AFTER INSERT ON orders_default FOR EACH ROW EXECUTE FUNCTION nothing()",
                "CREATE TRIGGER of_all AFTER INSERT ON orders FOR EACH ROW EXECUTE FUNCTION nothing()",
                "ALTER TABLE orders_default ADD CONSTRAINT doubtful CHECK (id > 0) NOT VALID",
                "GRANT TRIGGER ON orders_default TO PUBLIC");

        assertRefused(ExchangeFixture.ofTheDefault(database))
                .hasMessageContaining("public.orders has the foreign key orders_customer_fkey")
                .hasMessageContaining(
                        "foreign key lines_order_id_order_date_fkey of public.lines refers to public.orders")
                .hasMessageContaining("late")
                .hasMessageContaining("it has the trigger by_itself by itself")
                .hasMessageNotContaining("of_all")
                .hasMessageContaining("its check doubtful is NOT VALID")
                .hasMessageContaining("PUBLIC may make triggers on it");
    }

    @Test
    void whatIsNoPartitionOrIsPartitionedItself() {
        database.execute(
                "CREATE TABLE plain (id bigint, created_at timestamptz NOT NULL)",
                "CREATE TABLE orders_2025 PARTITION OF orders FOR VALUES FROM ('2025-01-01 00:00+00') TO ('2026-01-01 00:00+00') PARTITION BY RANGE (created_at)",
                "CREATE TABLE orders_2025_1 PARTITION OF orders_2025 FOR VALUES FROM ('2025-01-01 00:00+00') TO ('2025-07-01 00:00+00')");

        assertRefused(of("plain", "day")).hasMessageContaining("it is no partition of a partitioned table");
        assertRefused(of("orders_2025", "month")).hasMessageContaining("it is partitioned itself");
        assertRefused(of("orders_2025_1", "month"))
                .hasMessageContaining("public.orders_2025, whose partition it is, is a partition too");
    }

    @Test
    void whichIntervalsAreMeantAndWhichAreThere() {
        assertRefused(of("orders_default", "month")).hasMessageContaining("write from and until");
        assertRefused(ExchangeFixture.of(
                        database, "orders_default", "month", LocalDate.of(2024, 3, 1), LocalDate.of(2024, 6, 1)))
                .hasMessageContaining("orders_202403, from 2024-03-01 to 2024-04-01, overlaps [public.orders_202403]");
        assertRefused(of("orders_202402", "month"))
                .hasMessageContaining("one month, orders_202402, would take its place");
        assertRefused(ExchangeFixture.of(
                        database, "orders_202402", "day", LocalDate.of(2024, 2, 1), LocalDate.of(2024, 2, 20)))
                .hasMessageContaining("its bound is '2024-03-01 00:00:00+00', and not 2024-02-20");
        database.execute("CREATE TABLE orders_20240210 (id int)");
        assertRefused(of("orders_202402", "day"))
                .hasMessageContaining("these names are taken")
                .hasMessageContaining("orders_20240210");
    }

    @Test
    void anotherExchangeOfAPartitionWhoseExchangeHasBegun() throws SQLException {
        ExchangeFixture.ofTheDefault(database).prepare().prepare();

        assertThatThrownBy(() -> ExchangeFixture.of(
                                database,
                                "orders_default",
                                "month",
                                LocalDate.of(2024, 5, 1),
                                LocalDate.of(2024, 12, 1))
                        .prepare())
                .isInstanceOf(PartitionException.class)
                .hasMessageContaining("by month from 2024-04-01 until 2024-12-01 with the prefix orders_");
    }

    @Test
    void aDefaultPartitionIsExchangedOnceMoreForOthers() throws SQLException {
        ExchangeFixture.ofTheDefault(database).throughExchange().steps().dropBackup();
        List<String> rows = ExchangeFixture.ofTheDefault(database).rows();

        ExchangeFixture again = ExchangeFixture.of(
                        database, "orders_default", "month", LocalDate.of(2024, 12, 1), LocalDate.of(2025, 3, 1))
                .throughExchange();

        assertThat(again.rows()).isEqualTo(rows);
        assertThat(again.partitions()).hasSize(15);
        again.back();
        again.exchange();
        again.steps().dropBackup();
        assertThat(again.rows()).isEqualTo(rows);
    }

    @Test
    void aBoundThatIsNoDayInUtc() {
        database.execute(
                "CREATE TABLE orders_local PARTITION OF orders FOR VALUES FROM ('2030-01-01 00:00+01') TO ('2030-02-01 00:00+01')",
                "CREATE TABLE orders_rest PARTITION OF orders FOR VALUES FROM ('2040-01-01 00:00+00') TO (MAXVALUE)");

        assertRefused(of("orders_local", "day")).hasMessageContaining("is not the beginning of a day in UTC");
        assertRefused(of("orders_rest", "month")).hasMessageContaining("MINVALUE or MAXVALUE");
    }

    @Test
    void theLiveTableWhoseBackupIsStillThere() throws SQLException {
        database.execute("DROP TABLE orders");
        MigrationFixture.ofOrders(database, 240).throughSwap();

        assertRefused(of("orders_202402", "day"))
                .hasMessageContaining("the backup of public.orders is still there")
                .hasMessageContaining("-DdropApproved=orders");
    }

    @Test
    void aTableThatThisToolHasPartitionedIsExchangedByItsOwnKeyOnceItsBackupIsGone() throws SQLException {
        database.execute("DROP TABLE orders");
        MigrationFixture.ofOrders(database, 240).throughSwap().dropBackup();
        List<String> rows = database.queryStrings("SELECT o::text FROM orders AS o ORDER BY 1");

        ExchangeFixture exchange = of("orders_202402", "day").throughExchange();

        assertThat(exchange.rows()).isEqualTo(rows);
        assertThat(exchange.partitions()).contains("orders_20240215").doesNotContain("orders_202402");
    }

    @Test
    void whatIsMadeMeanwhileIsNoticedByTheExchange() throws SQLException {
        ExchangeFixture exchange = ExchangeFixture.ofTheDefault(database).throughVerification();
        database.execute(
                "DELETE FROM orders WHERE created_at >= '2024-05-01 00:00+00' AND created_at < '2024-06-01 00:00+00'",
                "CREATE TABLE made_meanwhile PARTITION OF orders FOR VALUES FROM ('2024-05-01 00:00+00') TO ('2024-06-01 00:00+00')");

        assertThatThrownBy(exchange::exchange)
                .isInstanceOf(PartitionException.class)
                .hasMessageContaining("public.made_meanwhile was made meanwhile, and overlaps orders_202405");
        database.execute("DROP TABLE made_meanwhile");
        exchange.exchange();
        assertThat(exchange.partitions()).hasSize(12);
    }

    @Test
    void aPartitionOfAnotherRangeThatIsMadeOrTakenOutMeanwhileIsRespected() throws SQLException {
        ExchangeFixture exchange = ExchangeFixture.ofTheDefault(database).throughVerification();
        database.execute(
                "CREATE TABLE orders_2031 PARTITION OF orders FOR VALUES FROM ('2031-01-01 00:00+00') TO ('2032-01-01 00:00+00')",
                "ALTER TABLE orders DETACH PARTITION orders_202401",
                "INSERT INTO orders (status, created_at) VALUES ('now of the default partition', '2024-01-10'), ('of 2031', '2031-05-05')");
        List<String> rows = exchange.rows();

        exchange.exchange();

        assertThat(exchange.rows()).isEqualTo(rows);
        database.execute("INSERT INTO orders (status, created_at) VALUES ('of the default partition', '2024-01-11')");
        rows = exchange.rows();
        exchange.back();
        assertThat(exchange.rows()).isEqualTo(rows);
        exchange.exchange();
        exchange.steps().dropBackup();
        assertThat(exchange.rows()).isEqualTo(rows);
    }

    @Test
    void aSwapOfWhatIsExchangedAndAnExchangeOfWhatIsSwapped() throws SQLException {
        ExchangeFixture exchange = ExchangeFixture.ofTheDefault(database).throughVerification();
        assertThatThrownBy(() -> exchange.steps().swap())
                .isInstanceOf(PartitionException.class)
                .hasMessageContaining("Use exchangePartitions instead of");

        database.execute(
                "DROP TABLE IF EXISTS plain",
                "CREATE TABLE plain (id bigint PRIMARY KEY, created_at timestamptz NOT NULL)");
        MigrationFixture plain = MigrationFixture.of(database, "public", "plain", "created_at", "id")
                .throughVerification();
        assertThatThrownBy(() -> plain.step(
                        "exchangePartitions",
                        run -> PartitionExchange.run(
                                run,
                                plain.backup().name(),
                                new SwapSettings(MigrationFixture.LOCK, SwapSettings.DEFAULT_MAX_DRAIN_ROWS))))
                .isInstanceOf(PartitionException.class)
                .hasMessageContaining("Use lockedSwap instead of");
    }

    @Test
    void truncateIsRefusedWhileThePartitionsAreCaptured() throws SQLException {
        ExchangeFixture exchange = ExchangeFixture.ofTheDefault(database).throughVerification();
        assertThatThrownBy(() -> database.execute("TRUNCATE orders")).hasMessageContaining("TRUNCATE");
        exchange.exchange();
        assertThatThrownBy(() -> database.execute("TRUNCATE orders_202405")).hasMessageContaining("TRUNCATE");
        assertThatThrownBy(() -> database.execute("TRUNCATE orders")).hasMessageContaining("TRUNCATE");
    }
}
