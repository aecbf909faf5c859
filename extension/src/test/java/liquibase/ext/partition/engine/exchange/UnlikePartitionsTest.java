package liquibase.ext.partition.engine.exchange;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.sql.SQLException;
import liquibase.ext.partition.engine.MigrationFixture;
import liquibase.ext.partition.engine.PartitionException;
import liquibase.ext.partition.testing.FreshDatabase;
import liquibase.ext.partition.testing.TestDatabase;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;

/** What partitions that shall leave together do not have in common, beside {@link SeveralPartitionsTest}. */
@ExtendWith(FreshDatabase.class)
class UnlikePartitionsTest {
    private TestDatabase database;

    private ExchangeFixture firstQuarter() {
        return ExchangeFixture.of(database, "orders_202401", "quarter", null, null)
                .through("orders_202403");
    }

    @Test
    void rightsOnColumnsAndRightsToGrantAreNamed() {
        ExchangeFixture.makeOrders(database, 12);
        database.execute(
                "GRANT SELECT (status) ON orders_202401 TO PUBLIC",
                "GRANT SELECT ON orders_202401 TO pg_monitor WITH GRANT OPTION",
                "GRANT SELECT ON orders_202402, orders_202403 TO pg_monitor");

        assertThatThrownBy(() -> firstQuarter().prepare())
                .isInstanceOf(PartitionException.class)
                .hasMessageContaining(
                        "public.orders_202402 lacks the grant of SELECT (status) to PUBLIC, which public.orders_202401 has")
                .hasMessageContaining(
                        "public.orders_202403 lacks the grant of SELECT to pg_monitor WITH GRANT OPTION, which public.orders_202401 has");
    }

    @Test
    void whatOfThemIsPublishedIsNamed() {
        ExchangeFixture.makeOrders(database, 12);
        boolean parts = database.queryLong("SELECT current_setting('server_version_num')::bigint") >= 150000;
        database.execute(
                parts
                        ? "CREATE PUBLICATION partly FOR TABLE orders_202401 WHERE (id > 5), orders_202402 (id, created_at), orders_202403"
                        : "CREATE PUBLICATION partly FOR TABLE orders_202401");

        assertThatThrownBy(() -> firstQuarter().prepare())
                .isInstanceOf(PartitionException.class)
                .hasMessageContaining(
                        parts
                                ? "public.orders_202403 lacks the publication partly of the rows where (id > 5), which public.orders_202401 has"
                                : "public.orders_202403 lacks the publication partly, which public.orders_202401 has")
                .hasMessageContaining(
                        parts
                                ? "public.orders_202402 has the publication partly of the columns (created_at, id), which public.orders_202401 lacks"
                                : "public.orders_202402 lacks the publication partly");
    }

    /** Before version 16 PostgreSQL itself lets no such table be a partition. */
    @Test
    void generatedColumnsThatComputeSomethingElseAreNamed() {
        String attach = "ALTER TABLE g ATTACH PARTITION g_2 FOR VALUES FROM ('2024-02-01') TO ('2024-03-01')";
        database.execute(
                "CREATE TABLE g (id bigint NOT NULL, at date NOT NULL, a int, b int GENERATED ALWAYS AS (a * 2) STORED, PRIMARY KEY (id, at)) PARTITION BY RANGE (at)",
                "CREATE TABLE g_1 PARTITION OF g FOR VALUES FROM ('2024-01-01') TO ('2024-02-01')",
                "CREATE TABLE g_2 (id bigint NOT NULL, at date NOT NULL, a int, b int GENERATED ALWAYS AS (a * 3) STORED, PRIMARY KEY (id, at))");
        if (!database.isAtLeast(16)) {
            assertThat(database.messageOf(attach)).contains("has a conflicting generation expression");
            return;
        }
        database.execute(attach);

        assertThatThrownBy(() -> ExchangeFixture.of(
                                database,
                                MigrationFixture.of(database, "public", "g_1", "at", "id", "at"),
                                "week",
                                null,
                                null,
                                "g_")
                        .through("g_2")
                        .prepare())
                .isInstanceOf(PartitionException.class)
                .hasMessageContaining(
                        "public.g_2 has the column b GENERATED ALWAYS AS ((a * 3)), which public.g_1 lacks");
    }

    @Test
    void namesWithSpacesMakeNoDifference() throws SQLException {
        database.execute(
                "CREATE TABLE \"my t\" (id bigint NOT NULL, at date NOT NULL, PRIMARY KEY (id, at)) PARTITION BY RANGE (at)",
                "CREATE TABLE \"my t1\" PARTITION OF \"my t\" FOR VALUES FROM ('2024-01-01') TO ('2024-02-01')",
                "CREATE TABLE \"my t2\" PARTITION OF \"my t\" FOR VALUES FROM ('2024-02-01') TO ('2024-03-01')",
                "INSERT INTO \"my t\" VALUES (1, '2024-01-05'), (1, '2024-02-05')");

        ExchangeFixture.of(
                        database,
                        MigrationFixture.of(database, "public", "my t1", "at", "id", "at"),
                        "week",
                        null,
                        null,
                        "g_")
                .through("my t2")
                .throughExchange();

        assertThat(database.queryLong("SELECT count(*) FROM \"my t\"")).isEqualTo(2);
    }
}
