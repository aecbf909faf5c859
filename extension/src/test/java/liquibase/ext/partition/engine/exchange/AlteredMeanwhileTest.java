package liquibase.ext.partition.engine.exchange;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.catchThrowable;

import java.sql.SQLException;
import java.util.List;
import java.util.regex.MatchResult;
import java.util.regex.Pattern;
import liquibase.ext.partition.engine.PartitionException;
import liquibase.ext.partition.testing.FreshDatabase;
import liquibase.ext.partition.testing.TestDatabase;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;

/** What the table gets or loses during an exchange, and between an exchange and its way back. */
@ExtendWith(FreshDatabase.class)
class AlteredMeanwhileTest {
    private static final Pattern STATEMENT =
            Pattern.compile("(?<=; )(CREATE|DROP|ALTER|GRANT|REVOKE) [^;\n]+(?=[;\n])");

    private TestDatabase database;

    @BeforeEach
    void orders() {
        ExchangeFixture.makeOrders(database, 60);
    }

    private ExchangeFixture firstQuarter() {
        return ExchangeFixture.of(database, "orders_202401", "quarter", null, null)
                .through("orders_202403");
    }

    /** The statements that the message tells people to run. */
    private static String[] advised(Throwable refused) {
        assertThat(refused).isInstanceOf(PartitionException.class);
        String[] statements = STATEMENT
                .matcher(refused.getMessage())
                .results()
                .map(MatchResult::group)
                .toArray(String[]::new);
        assertThat(statements).as(refused.getMessage()).isNotEmpty();
        return statements;
    }

    /** The indexes of tables, by their oids, so that one that is built is noticed. */
    private List<String> indexes(String... tables) {
        return database.queryStrings(
                "SELECT indexrelid::text FROM pg_index WHERE indrelid = ANY (?::regclass[]::oid[]) ORDER BY 1",
                "{" + String.join(",", tables) + "}");
    }

    @Test
    void anIndexMadeSinceTheExchangeIsBuiltBeforeTheWayBackAndNotUnderItsLock() throws SQLException {
        ExchangeFixture exchange = firstQuarter().throughExchange();
        database.execute("CREATE INDEX \"by USING amount\" ON orders (amount) WHERE status = 'x; y'");

        Throwable refused = catchThrowable(exchange::back);

        assertThat(refused)
                .hasMessageContaining(
                        "public.orders has the index \"by USING amount\", which public.orders_202401_old, public.orders_202402_old, public.orders_202403_old lack")
                .hasMessageContaining("Nothing was changed");
        database.execute("DROP INDEX \"by USING amount\"", "CREATE INDEX orders_amount ON orders (amount)");
        database.execute(advised(catchThrowable(exchange::back)));
        List<String> indexes = indexes("orders_202401_old", "orders_202402_old", "orders_202403_old");
        List<String> rows = exchange.rows();
        exchange.back();
        assertThat(exchange.rows()).isEqualTo(rows);
        assertThat(indexes("orders_202401", "orders_202402", "orders_202403")).isEqualTo(indexes);
        exchange.exchange();
        assertThat(exchange.rows()).isEqualTo(rows);
    }

    @Test
    void theSameHoldsForOnePartitionAlone() throws SQLException {
        ExchangeFixture exchange = ExchangeFixture.of(database, "orders_202401", "week", null, null)
                .throughExchange();
        database.execute(
                "CREATE INDEX orders_amount ON orders (amount)",
                "ALTER TABLE orders ADD UNIQUE (amount, created_at, id)");

        database.execute(advised(catchThrowable(exchange::back)));

        List<String> indexes = indexes("orders_202401_old");
        exchange.back();
        assertThat(indexes("orders_202401")).isEqualTo(indexes).hasSize(4);
    }

    @Test
    void anIndexDroppedSinceTheExchangeIsDroppedFromTheStagingTableBeforeTheWayBack() throws SQLException {
        ExchangeFixture exchange = firstQuarter().throughExchange();
        database.execute("DROP INDEX orders_status");

        Throwable refused = catchThrowable(exchange::back);

        assertThat(refused).hasMessageContaining("which public.orders_2024q1 lacks");
        database.execute(advised(refused));
        List<String> indexes = indexes("orders_2024q1");
        exchange.back();
        assertThat(indexes("orders_2024q1")).isEqualTo(indexes);
    }

    @Test
    void checksAndNotNullMadeSinceTheExchangeAreMadeOnTheOldPartitionsFirst() throws SQLException {
        ExchangeFixture exchange = firstQuarter().throughExchange();
        database.execute(
                "ALTER TABLE orders ADD CONSTRAINT later CHECK (amount < 1000000)",
                "ALTER TABLE orders ALTER amount SET NOT NULL");

        Throwable refused = catchThrowable(exchange::back);

        assertThat(refused)
                .hasMessageContaining("public.orders has the check later")
                .hasMessageContaining("public.orders has NOT NULL of the column amount");
        database.execute(advised(refused));
        List<String> rows = exchange.rows();
        exchange.back();
        assertThat(exchange.rows()).isEqualTo(rows);
    }

    @Test
    void whatTheTableLosesBeforeTheExchangeIsTakenFromTheStagingTableFirst() throws SQLException {
        ExchangeFixture exchange = firstQuarter().throughVerification();
        database.execute(
                "DROP INDEX orders_status",
                "ALTER TABLE orders DROP CONSTRAINT orders_amount_check",
                "ALTER TABLE orders ALTER status DROP NOT NULL");

        Throwable refused = catchThrowable(exchange::exchange);

        assertThat(refused)
                .hasMessageContaining(
                        ", which public.orders_202401, public.orders_202402, public.orders_202403 lack, so that the server would build it while writers wait")
                .hasMessageContaining("the check orders_amount_check")
                .hasMessageContaining("NOT NULL of the column status")
                .hasMessageContaining("Nothing was exchanged");
        database.execute(advised(refused));
        List<String> indexes = indexes("orders_202401", "orders_202402", "orders_202403");
        List<String> rows = exchange.rows();
        exchange.exchange();
        assertThat(exchange.rows()).isEqualTo(rows);
        assertThat(indexes("orders_202401_old", "orders_202402_old", "orders_202403_old"))
                .isEqualTo(indexes);
    }

    @Test
    void notNullSetBeforeTheExchangeIsSetOnTheNewPartitionsFirst() throws SQLException {
        ExchangeFixture exchange = firstQuarter().throughVerification();
        database.execute("ALTER TABLE orders ALTER amount SET NOT NULL");

        database.execute(advised(catchThrowable(exchange::exchange)));

        List<String> rows = exchange.rows();
        assertThat(exchange.exchange().rows()).isEqualTo(rows);
    }

    @Test
    void aColumnAddedSinceTheExchangeIsAddedToTheTableThatHasTheOldPartitions() throws SQLException {
        ExchangeFixture exchange = firstQuarter().throughExchange();
        database.execute("ALTER TABLE orders ADD COLUMN note text");

        assertThatThrownBy(exchange::back)
                .isInstanceOf(PartitionException.class)
                .hasMessageContaining("make the same one on public.orders_202401_new, then roll back again");

        database.execute("ALTER TABLE orders_202401_new ADD COLUMN note text");
        List<String> rows = exchange.rows();
        assertThat(exchange.back().rows()).isEqualTo(rows);
    }
}
