package liquibase.ext.partition.engine.swap;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.sql.Connection;
import java.sql.SQLException;
import java.sql.Statement;
import java.util.List;
import liquibase.ext.partition.engine.MigrationFixture;
import liquibase.ext.partition.testing.FreshDatabase;
import liquibase.ext.partition.testing.TestDatabase;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;

/**
 * The README's sentences about how partitions affect statements that worked on the table before: each sentence, and
 * each way out.
 */
@ExtendWith(FreshDatabase.class)
class WhatChangesTest {
    private static void assertFails(TestDatabase database, String statement, String state, String message) {
        assertThatThrownBy(() -> {
                    try (Connection connection = database.connect();
                            Statement run = connection.createStatement()) {
                        run.execute(statement);
                    }
                })
                .isInstanceOfSatisfying(
                        SQLException.class, e -> assertThat(e.getSQLState()).isEqualTo(state))
                .hasMessageContaining(message);
    }

    @Test
    void whatStatementsAboutPlacesPartsAndSizesComeTo(TestDatabase database) throws SQLException {
        MigrationFixture.ofOrders(database, 120).throughSwap();

        assertThat(database.queryLong("SELECT count(DISTINCT ctid) FROM orders"))
                .as("of 120 rows")
                .isLessThan(60);
        assertThat(database.queryLong("SELECT count(DISTINCT (tableoid, ctid)) FROM orders"))
                .isEqualTo(120);
        assertThat(database.queryLong("""
                        WITH gone AS (DELETE FROM orders WHERE ctid = ANY (ARRAY(SELECT ctid FROM orders LIMIT 5)) RETURNING id)
                        SELECT count(*) FROM gone""")).as("of a batch of five").isGreaterThan(5);
        assertThat(database.queryLong("""
                        WITH gone AS (DELETE FROM orders AS o USING (SELECT tableoid, ctid FROM orders LIMIT 5) AS batch
                                      WHERE o.tableoid = batch.tableoid AND o.ctid = batch.ctid RETURNING id)
                        SELECT count(*) FROM gone""")).isEqualTo(5);

        assertThat(database.queryLong("SELECT count(*) FROM ONLY orders")).isZero();
        assertThat(database.queryLong("SELECT count(*) FROM orders")).isPositive();

        assertFails(database, "COPY orders TO '/dev/null'", "42809", "cannot copy from partitioned table");
        database.execute("COPY (SELECT * FROM orders) TO '/dev/null'");

        assertFails(
                database,
                "INSERT INTO orders (id, status, created_at) VALUES (0, 'new', '2024-05-05') RETURNING xmin",
                "0A000",
                "cannot retrieve a system column");

        assertFails(
                database,
                "ALTER TABLE orders DETACH PARTITION orders_202401 CONCURRENTLY",
                "55000",
                "when a default partition exists");
        database.execute("ALTER TABLE orders DETACH PARTITION orders_202401");

        assertThat(database.queryRows("""
                        SELECT pg_relation_size('orders'), pg_total_relation_size('orders'),
                               (SELECT sum(pg_total_relation_size(relid)) > 0 FROM pg_partition_tree('orders') WHERE isleaf)""")).containsExactly(List.of("0", "0", "t"));
    }

    @Test
    void aMonthAfterTheLastIsMadeAheadAndRefusedOnceItsRowsAreThere(TestDatabase database) throws SQLException {
        MigrationFixture.ofOrders(database, 120).throughSwap();
        String make =
                "CREATE TABLE orders_2070%1$s PARTITION OF orders FOR VALUES FROM ('2070-%1$s-01 00:00+00') TO ('2070-%2$s-01 00:00+00')";
        String write = "INSERT INTO orders (id, status, created_at) VALUES (%d, 'new', '2070-%s-02')";

        database.execute(make.formatted("01", "02"), write.formatted(-1, "01"), write.formatted(-2, "02"));

        assertThat(
                        database.queryStrings(
                                "SELECT tableoid::regclass || ' ' || id FROM orders WHERE created_at >= '2070-01-01' ORDER BY id DESC"))
                .containsExactly("orders_207001 -1", "orders_default -2");
        assertFails(database, make.formatted("02", "03"), "23514", "would be violated by some row");
    }
}
