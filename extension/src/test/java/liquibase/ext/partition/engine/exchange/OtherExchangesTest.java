package liquibase.ext.partition.engine.exchange;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.sql.SQLException;
import java.time.Duration;
import java.util.concurrent.Future;
import liquibase.ext.partition.engine.MigrationFixture;
import liquibase.ext.partition.engine.PartitionException;
import liquibase.ext.partition.engine.Transaction;
import liquibase.ext.partition.engine.lock.LockPolicy;
import liquibase.ext.partition.engine.swap.SwapSettings;
import liquibase.ext.partition.testing.FreshDatabase;
import liquibase.ext.partition.testing.TestDatabase;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;

/** An exchange of partitions that another one is about, or has left something on. */
@ExtendWith(FreshDatabase.class)
class OtherExchangesTest {
    private TestDatabase database;

    @BeforeEach
    void orders() {
        ExchangeFixture.makeOrders(database, 60);
    }

    private ExchangeFixture firstQuarter() {
        return ExchangeFixture.of(database, "orders_202401", "quarter", null, null)
                .through("orders_202403");
    }

    private ExchangeFixture another(String partition, String interval) {
        return ExchangeFixture.of(
                database,
                MigrationFixture.of(database, "public", partition, "created_at", "id", "created_at"),
                interval,
                null,
                null,
                "other_");
    }

    @Test
    void aKilledExchangeThatIsRolledBackLeavesNoCheck() throws Exception {
        ExchangeFixture exchange = firstQuarter().throughVerification();
        try (Transaction reader = Transaction.begin(database)) {
            reader.run("LOCK TABLE ONLY orders IN ACCESS SHARE MODE");
            Future<Void> exchanging = MigrationFixture.inBackground(() -> exchange.exchange(
                    new SwapSettings(new LockPolicy(Duration.ofSeconds(20), 2), SwapSettings.DEFAULT_MAX_DRAIN_ROWS)));
            exchange.steps().awaitBlockedStatement("LOCK TABLE ONLY \"public\".\"orders\"");
            database.queryStrings(
                    "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = current_database() AND application_name LIKE 'liquibase-partition%' AND pid <> pg_backend_pid()");
            assertThatThrownBy(() -> MigrationFixture.join(exchanging)).isInstanceOf(SQLException.class);
        }
        assertThat(checks()).isPositive();

        exchange.steps().step("rollback", run -> ExchangeChecks.removeLeft(run, MigrationFixture.LOCK));
        exchange.steps().undo();

        assertThat(checks()).isZero();
        firstQuarter().prepare();
    }

    private long checks() {
        return database.queryLong("SELECT count(*) FROM pg_constraint WHERE contype = 'c' AND conname ~ '_exchange_'");
    }

    @Test
    void aCheckThatAnExchangeHasLeftIsNamedWithItsDrop() throws SQLException {
        database.execute(
                "ALTER TABLE orders_202402 ADD CONSTRAINT orders_202402_exchange_7 CHECK (created_at IS NOT NULL)");

        assertThatThrownBy(() -> firstQuarter().prepare())
                .isInstanceOf(PartitionException.class)
                .hasMessageContaining(
                        "public.orders_202402 has the check orders_202402_exchange_7, which an exchange that was killed has left; ALTER TABLE public.orders_202402 DROP CONSTRAINT orders_202402_exchange_7")
                .hasMessageNotContaining("lacks");

        database.execute("ALTER TABLE public.orders_202402 DROP CONSTRAINT orders_202402_exchange_7");
        firstQuarter().prepare();
    }

    @Test
    void anotherExchangeOfOneOfItsPartitionsIsRefusedAtTheBeginning() throws SQLException {
        ExchangeFixture first = firstQuarter().prepare();
        ExchangeFixture second = another("orders_202402", "week");

        assertThatThrownBy(second::prepare)
                .isInstanceOf(PartitionException.class)
                .hasMessageContaining(
                        "the exchange of public.orders_202401, which is <prepared>, is about one of these partitions; end it first, or roll it back");
        first.steps().capture();
        assertThatThrownBy(second::prepare)
                .hasMessageContaining("which is <capturing>")
                .hasMessageNotContaining("DROP TRIGGER");
        first.steps().copy().index().replay().verify();
        first.exchange();

        assertThatThrownBy(() -> another("orders_2024q1", "month").prepare())
                .isInstanceOf(PartitionException.class)
                .hasMessageContaining("end it first with its dropBackup")
                .hasMessageNotContaining("DROP TRIGGER");
        first.steps().dropBackup();
        another("orders_2024q1", "month").prepare();
    }

    @Test
    void twoThatWerePreparedAtTheSameTimeAreRefusedLaterUntilOneIsRolledBack() throws SQLException {
        ExchangeFixture first = firstQuarter().prepare();
        hide("orders_202401", "prepared");
        ExchangeFixture second = another("orders_202402", "week").prepare();
        show("orders_202401", "prepared");

        assertThatThrownBy(() -> first.steps().capture())
                .isInstanceOf(PartitionException.class)
                .hasMessageContaining(
                        "The exchange of public.orders_202402, which is <prepared>, is about a partition that leaves in this one, too")
                .hasMessageContaining("no trigger was made");
        hide("orders_202402", "prepared");
        first.steps().capture().copy().index().replay().verify();
        show("orders_202402", "prepared");
        assertThatThrownBy(first::exchange)
                .isInstanceOf(PartitionException.class)
                .hasMessageContaining("the exchange of public.orders_202402, which is <prepared>, is about one of")
                .hasMessageContaining("Nothing was exchanged");

        second.steps().undo();
        assertThat(first.exchange().partitions()).containsExactly("orders_2024q1", "orders_default");
    }

    private void hide(String source, String phase) {
        database.execute("UPDATE partition_migration SET phase = 'dropped' WHERE source_table = '%s' AND phase = '%s'"
                .formatted(source, phase));
    }

    private void show(String source, String phase) {
        database.execute("UPDATE partition_migration SET phase = '%s' WHERE source_table = '%s' AND phase = 'dropped'"
                .formatted(phase, source));
    }
}
