package liquibase.ext.partition.engine.exchange;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.sql.SQLException;
import java.util.List;
import java.util.TimeZone;
import liquibase.ext.partition.engine.MigrationFixture;
import liquibase.ext.partition.engine.PartitionException;
import liquibase.ext.partition.testing.FreshDatabase;
import liquibase.ext.partition.testing.TestDatabase;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;

/** What belongs to a partition, and to its table, while the partition is exchanged and goes back. */
@ExtendWith(FreshDatabase.class)
class ExchangeBelongingsTest {
    private TestDatabase database;

    private ExchangeFixture ofTheDefault() {
        ExchangeFixture.makeOrders(database, 60);
        return ExchangeFixture.ofTheDefault(database);
    }

    @Test
    void whatIsMadeOnceTheNewPartitionsHaveTheirIndexesIsNamedAndNeitherBuiltUnderTheLockNorLost() throws SQLException {
        ExchangeFixture exchange = ofTheDefault().throughVerification();
        database.execute(
                "CREATE INDEX orders_amount ON orders (amount)",
                "CREATE INDEX not_valid ON ONLY orders (filler)",
                "CREATE UNIQUE INDEX own ON orders_default (id, status, created_at)",
                "ALTER TABLE orders_default ADD CONSTRAINT own_check CHECK (status <> 'bad')");

        assertThatThrownBy(exchange::exchange)
                .isInstanceOf(PartitionException.class)
                .hasMessageContaining("no index like orders_amount of public.orders")
                .hasMessageContaining("no index like not_valid of public.orders; it is not valid")
                .hasMessageContaining("no index like own of public.orders_default")
                .hasMessageContaining("do not have its check own_check")
                .hasMessageContaining("Nothing was exchanged");

        database.execute(
                "DROP INDEX orders_amount, not_valid, own", "ALTER TABLE orders_default DROP CONSTRAINT own_check");
        exchange.exchange();
        assertThat(exchange.partitions()).hasSize(12);
    }

    @Test
    void itsPoliciesPublicationsAndGrantsAreOnWhatIsThePartitionAndOnNothingElse() throws SQLException {
        ExchangeFixture exchange = ofTheDefault();
        database.execute(
                "ALTER TABLE orders_default ENABLE ROW LEVEL SECURITY",
                "CREATE POLICY mine ON orders_default USING (status <> 'x')",
                "CREATE PUBLICATION leaf FOR TABLE orders_default",
                "GRANT SELECT ON orders_default TO PUBLIC");
        List<String> before = belongings();
        exchange.throughExchange();
        List<String> exchanged = belongings();
        assertThat(exchanged)
                .hasSize(27)
                .contains("leaf orders_default", "leaf orders_202404", "mine orders_202404", "PUBLIC orders_202404")
                .doesNotContain("leaf orders_default_old");

        exchange.back();

        assertThat(belongings()).isEqualTo(before);
        exchange.exchange();
        assertThat(belongings()).isEqualTo(exchanged);
    }

    /** All but those that the backup keeps. */
    private List<String> belongings() {
        return database.queryStrings("""
                SELECT p.pubname || ' ' || c.relname FROM pg_publication_rel AS r JOIN pg_publication AS p ON p.oid = r.prpubid
                JOIN pg_class AS c ON c.oid = r.prrelid
                UNION ALL
                SELECT p.polname || ' ' || c.relname FROM pg_policy AS p JOIN pg_class AS c ON c.oid = p.polrelid WHERE c.relname !~ '_old$'
                UNION ALL
                SELECT 'PUBLIC ' || c.relname FROM pg_class AS c, aclexplode(c.relacl) AS g
                WHERE c.relname LIKE 'orders%' AND c.relname !~ '_old$' AND g.grantee = 0
                ORDER BY 1""");
    }

    @Test
    void sessionsOfOtherTimeZonesKnowThePartitionByItsBound() throws SQLException {
        ExchangeFixture.makeOrders(database, 60);
        ofFebruary().throughVerification();
        List<String> rows = ofFebruary().rows();
        TimeZone before = TimeZone.getDefault();
        try {
            TimeZone.setDefault(TimeZone.getTimeZone("America/New_York"));
            ofFebruary().exchange();
            TimeZone.setDefault(TimeZone.getTimeZone("Asia/Kolkata"));
            ofFebruary().back().exchange();
        } finally {
            TimeZone.setDefault(before);
        }
        assertThat(ofFebruary().rows()).isEqualTo(rows);
    }

    private ExchangeFixture ofFebruary() {
        return ExchangeFixture.of(database, "orders_202402", "day", null, null);
    }

    @Test
    void aPartitionThatIsMadeByTheExampleOfANewOneTakesTheRowsOfItsOwnRange() throws SQLException {
        MigrationFixture orders =
                MigrationFixture.ofOrders(database, 60, 3).throughSwap().dropBackup();
        database.execute("DROP TABLE orders_default");
        ExchangeFixture exchange =
                ExchangeFixture.of(database, "orders_202403", "day", null, null).throughExchange();

        orders.oneMorePartition();

        assertThat(exchange.partitions()).contains("orders_202404");
        database.execute("INSERT INTO orders (id, status, created_at) VALUES (1000, 'new', '2024-04-10 00:00+00')");
    }

    @Test
    void noPartitionRetiresWhoseExchangeIsNotOver() throws SQLException {
        MigrationFixture orders =
                MigrationFixture.ofOrders(database, 60, 3).throughSwap().dropBackup();
        ExchangeFixture exchange = ExchangeFixture.of(database, "orders_202401", "week", null, null)
                .through("orders_202402")
                .prepare();
        String waits = "it belongs to the exchange of public.orders_202401, which has begun and is not over";

        orders.retireBefore("2024-03");

        assertThat(orders.lines())
                .anySatisfy(line -> assertThat(line).contains("orders_202401 of public.orders is older", waits))
                .anySatisfy(line -> assertThat(line).contains("orders_202402 of public.orders is older", waits));
        assertThat(exchange.partitions())
                .containsExactly("orders_202401", "orders_202402", "orders_202403", "orders_default");

        exchange.steps().capture().copy().index().replay().verify();
        exchange.exchange();
        orders.retireBefore("2024-03");

        assertThat(orders.lines())
                .anySatisfy(line -> assertThat(line).contains("orders_2024w05 of public.orders is older", waits));
        assertThat(exchange.partitions()).hasSize(11);

        exchange.steps().dropBackup();
        orders.retireBefore("2024-03");

        assertThat(exchange.partitions()).containsExactly("orders_202403", "orders_default");
    }

    @Test
    void aPartitionMayHaveItsTablesColumnsInAnotherOrder() throws SQLException {
        ExchangeFixture.makeOrders(database, 60);
        database.execute(
                "ALTER TABLE orders DROP COLUMN amount",
                "ALTER TABLE orders ADD COLUMN total numeric GENERATED ALWAYS AS (id * 2) STORED",
                "CREATE TABLE other (gone int, created_at timestamptz NOT NULL, id bigint NOT NULL, total numeric GENERATED ALWAYS AS (id * 2) STORED, filler text NOT NULL DEFAULT 'leaf', status text NOT NULL)",
                "ALTER TABLE other DROP COLUMN gone",
                "ALTER TABLE orders ATTACH PARTITION other FOR VALUES FROM ('2030-01-01 00:00+00') TO ('2030-02-01 00:00+00')",
                "INSERT INTO orders (status, created_at) SELECT 'x', timestamptz '2030-01-01 00:00+00' + i * interval '7 hours' FROM generate_series(1, 90) AS i");
        ExchangeFixture exchange =
                ExchangeFixture.of(database, "other", "day", null, null).throughVerification();
        database.execute("UPDATE orders SET status = 'y' WHERE id % 3 = 0", "DELETE FROM orders WHERE id % 5 = 0");
        List<String> rows = exchange.rows();
        exchange.exchange();
        assertThat(exchange.rows()).isEqualTo(rows);
        database.execute(
                "UPDATE orders SET status = 'z' WHERE id % 3 = 0",
                "DELETE FROM orders WHERE id % 7 = 0",
                "INSERT INTO orders (status, created_at) VALUES ('n', '2030-01-05')");
        rows = exchange.rows();
        exchange.back();
        assertThat(exchange.rows()).isEqualTo(rows);
        exchange.exchange();
        exchange.steps().dropBackup();
        assertThat(exchange.rows()).isEqualTo(rows);
    }

    @Test
    void theCheckOfAKilledRunIsDroppedWhereNoOtherRunComes() throws SQLException {
        ExchangeFixture.makeOrders(database, 60);
        ofFebruary().throughVerification();
        database.execute(
                "ALTER TABLE orders_default ADD CONSTRAINT orders_default_exchange_1 CHECK (created_at < '2024-02-01 00:00+00' OR created_at >= '2024-03-01 00:00+00')");

        ofFebruary().steps().step("rollback", run -> ExchangeChecks.removeLeft(run, MigrationFixture.LOCK));

        database.execute(
                "ALTER TABLE orders DETACH PARTITION orders_202402",
                "INSERT INTO orders (status, created_at) VALUES ('late', '2024-02-10')");
    }
}
