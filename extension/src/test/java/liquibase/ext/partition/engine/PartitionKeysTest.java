package liquibase.ext.partition.engine;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.List;
import liquibase.ext.partition.testing.FreshDatabase;
import liquibase.ext.partition.testing.TestDatabase;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;

/** Several dates, any of which may be missing, are the partition key: there and back, with writes between the steps. */
@ExtendWith(FreshDatabase.class)
class PartitionKeysTest {
    private TestDatabase database;
    private DatedOrders dated;

    @BeforeEach
    void makeOrders() {
        dated = DatedOrders.in(database);
    }

    private void assertPlacedBy(String expression) {
        assertThat(database.queryStrings("""
                        SELECT tableoid::regclass || ' ' || o::text FROM orders AS o
                        WHERE tableoid::regclass::text <> CASE
                          WHEN %1$s >= '2024-01-01' AND %1$s < '2025-01-01' THEN 'orders_' || to_char(%1$s, 'YYYYMM')
                          ELSE 'orders_default' END""".formatted(expression))).isEmpty();
    }

    @Test
    void severalColumnsAreCoalescedInTheirOrder() throws Exception {
        dated.thereAndBack(dated.by(null, "shipped_at", "paid_on", "entered"));

        assertPlacedBy("coalesce(shipped_at AT TIME ZONE 'UTC', paid_on, entered)");
        assertThat(database.queryLong("SELECT count(*) FROM ONLY orders_default"))
                .isPositive();
    }

    @Test
    void theCombinedColumnHoldsTheDateAndPrunes() throws Exception {
        dated.thereAndBack(dated.by("order_date", "shipped_at", "paid_on", "entered"));

        assertPlacedBy("order_date");
        assertThat(database.queryStrings("""
                        EXPLAIN (COSTS OFF) SELECT * FROM orders
                        WHERE order_date >= '2024-05-01' AND order_date < '2024-06-01'"""))
                .filteredOn(line -> line.contains("Scan"))
                .allMatch(line -> line.contains("orders_202405") || line.contains("orders_default"))
                .hasSize(2);
        assertThat(database.queryStrings("""
                        SELECT id FROM orders WHERE order_date IS DISTINCT FROM
                          coalesce(shipped_at AT TIME ZONE 'UTC', paid_on, entered)""")).isEmpty();
    }

    @Test
    void aNullableColumnIsThePartitionKeyItself() throws Exception {
        dated.thereAndBack(dated.by(null, "shipped_at"));

        assertPlacedBy("(shipped_at AT TIME ZONE 'UTC')");
    }

    /**
     * With the expression that the CHECKs prune by, a value that is known only at run time would visit every partition.
     */
    @Test
    void aNullableColumnPrunesAtRunTimeToo() throws Exception {
        dated.by(null, "shipped_at").throughSwap();

        assertThat(database.queryStrings("""
                        EXPLAIN (ANALYZE, COSTS OFF, TIMING OFF, SUMMARY OFF)
                        SELECT * FROM orders WHERE shipped_at = (SELECT timestamptz '2024-05-01 00:00+00')"""))
                .filteredOn(line -> line.contains("Scan") && !line.contains("never executed"))
                .isNotEmpty()
                .allMatch(line -> line.contains("orders_202405"));
    }

    @Test
    void eachPartitionKeepsTheUniqueIndexesWhereThePartitionKeyCannotBePartOfThem() throws Exception {
        MigrationFixture orders =
                dated.by("order_date", "shipped_at", "paid_on").throughSwap();

        assertThat(database.queryStrings("""
                        SELECT c.relname || ' ' || pg_get_constraintdef(k.oid) FROM pg_constraint AS k
                        JOIN pg_class AS c ON c.oid = k.conrelid
                        WHERE contype IN ('p', 'u') AND c.relname IN ('orders_202403', 'orders_default', 'orders')
                        ORDER BY 1"""))
                .containsExactly(
                        "orders_202403 PRIMARY KEY (id)",
                        "orders_202403 UNIQUE (code)",
                        "orders_default PRIMARY KEY (id)",
                        "orders_default UNIQUE (code)");
        assertThat(orders.lines())
                .anyMatch(line -> line.contains("unique index orders_pkey is made on each partition by itself"));
    }

    /** As the README says. */
    @Test
    void aPartitionIsAddedWithItsKeysAndItsCheck() throws Exception {
        dated.by("order_date", "shipped_at", "paid_on").throughSwap().dropBackup();
        database.execute("DELETE FROM orders WHERE order_date >= '2025-01-01'");

        database.execute("""
                CREATE TABLE orders_202501 PARTITION OF orders
                  (PRIMARY KEY (id), CHECK (order_date >= '2025-01-01' AND order_date < '2025-02-01'))
                  FOR VALUES FROM ('2025-01-01') TO ('2025-02-01')""", "INSERT INTO orders (id, code, paid_on) VALUES (900000, 'x', '2025-01-31')");

        assertThat(database.queryStrings("EXPLAIN SELECT * FROM orders WHERE order_date = '2025-01-31'"))
                .filteredOn(line -> line.contains("Scan"))
                .allMatch(line -> line.contains("orders_202501") || line.contains("orders_default"))
                .hasSize(2);
        assertThat(database.queryString("SELECT tableoid::regclass FROM orders WHERE id = 900000"))
                .isEqualTo("orders_202501");
    }

    @Test
    void aUniqueIndexMadeAfterTheOthersIsNoticed() throws Exception {
        MigrationFixture orders = dated.by(null, "shipped_at", "paid_on").throughVerification();
        database.execute("CREATE UNIQUE INDEX late ON orders (code, id)");

        assertThatThrownBy(orders::swap).hasMessageContaining("Index late of public.orders has no counterpart");
    }

    @Test
    void whatHasNoMonthIsCountedByItsCause() throws Exception {
        database.execute("TRUNCATE orders", """
                INSERT INTO orders VALUES
                  (1, 'a', NULL, NULL, NULL), (2, 'b', NULL, NULL, NULL),
                  (3, 'c', 'infinity', NULL, NULL), (4, 'd', '-infinity', '2024-01-01', NULL),
                  (5, 'e', NULL, '2023-12-31', NULL), (6, 'f', '0044-03-15 BC', NULL, NULL), (7, 'g', NULL, NULL, '0001-01-01'),
                  (8, 'h', NULL, NULL, '2025-01-01'), (9, 'i', NULL, NULL, '9999-12-31'),
                  (10, 'j', NULL, NULL, '2024-12-31 23:59:59.999999')""");
        MigrationFixture orders = dated.by(null, "shipped_at", "paid_on", "entered");
        orders.throughVerification();

        assertThat(orders.lines())
                .contains(
                        "verification of public.orders_new: 10 rows compared, no difference; 9 rows (2 NULL, 2 infinite, 3 before 2024-01, 2 from 2025-01 on) in public.orders_default");
        assertThat(database.queryRows("""
                        SELECT default_null, default_unreadable, default_infinite, default_before, default_after
                        FROM partition_progress""")).containsExactly(List.of("2", "0", "2", "3", "2"));
    }
}
