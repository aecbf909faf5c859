package liquibase.ext.partition.engine;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.List;
import java.util.Optional;
import java.util.stream.Stream;
import liquibase.ext.partition.engine.partitioning.PartitionKeySpec;
import liquibase.ext.partition.engine.sql.Identifier;
import liquibase.ext.partition.testing.TestDatabase;

/** Orders with three dates, any of which may be missing, and the way there and back with rows that change meanwhile. */
final class DatedOrders {
    private final TestDatabase database;
    private String compared = "id, code, shipped_at, paid_on, entered";

    private DatedOrders(TestDatabase database) {
        this.database = database;
    }

    static DatedOrders in(TestDatabase database) {
        database.execute("""
                CREATE TABLE orders (
                  id bigint PRIMARY KEY,
                  code text NOT NULL UNIQUE,
                  shipped_at timestamptz,
                  paid_on date,
                  entered timestamp)""", """
                INSERT INTO orders
                SELECT i, 'c' || i,
                       CASE WHEN i % 3 = 0 THEN timestamptz '2024-01-15 12:00+00' + (i % 12) * interval '1 month' END,
                       CASE WHEN i % 2 = 0 THEN date '2024-02-10' + (i % 300)::int END,
                       CASE WHEN i % 7 <> 0 THEN timestamp '2023-11-01' + (i % 500) * interval '1 day' END
                FROM generate_series(1, 2000) AS i""", "ANALYZE orders");
        return new DatedOrders(database);
    }

    /**
     * A migration by the first of the columns that has a date.
     *
     * @param combined the column that is made of them; null for none
     */
    MigrationFixture by(String combined, String... columns) {
        return MigrationFixture.of(database, "public", "orders", "entered", "id")
                .partitionedBy(new PartitionKeySpec(
                        Stream.of(columns).map(Identifier::new).toList(),
                        Optional.empty(),
                        Optional.empty(),
                        Optional.empty(),
                        Optional.ofNullable(combined).map(Identifier::new)));
    }

    /** By default rows are compared by all columns. */
    void comparing(String columns) {
        compared = columns;
    }

    /** Takes every step there, back, and there again, and asserts that each switch leaves the rows as they were. */
    void thereAndBack(MigrationFixture orders) throws Exception {
        orders.prepare().capture();
        change(1);
        orders.copy();
        change(2);
        orders.index();
        change(3);
        orders.replay();
        change(4);
        InvariantChecker.assertHolds(orders);
        orders.replay().verify();
        assertThat(orders.deltaRows()).isZero();
        change(5);
        List<String> before = contents();
        orders.swap();
        assertThat(contents()).isEqualTo(before);
        change(6);
        InvariantChecker.assertHoldsAfterSwap(orders);
        before = contents();
        orders.reverseSwap();
        assertThat(contents()).isEqualTo(before);
        change(7);
        before = contents();
        orders.swap();
        assertThat(contents()).isEqualTo(before);
        change(8);
        before = contents();
        orders.dropBackup();
        assertThat(contents()).isEqualTo(before);
    }

    private void change(int seed) {
        database.execute(
                "UPDATE orders SET paid_on = NULL WHERE id %% 50 = %d".formatted(seed),
                "UPDATE orders SET shipped_at = NULL, entered = NULL, paid_on = NULL WHERE id %% 51 = %d"
                        .formatted(seed),
                "UPDATE orders SET shipped_at = '2024-07-31 23:59:59.999999+00' WHERE id %% 52 = %d".formatted(seed),
                "UPDATE orders SET entered = 'infinity', shipped_at = NULL, paid_on = NULL WHERE id %% 53 = %d"
                        .formatted(seed),
                "DELETE FROM orders WHERE id %% 54 = %d".formatted(seed),
                "INSERT INTO orders VALUES (%1$d, 'new ' || %1$d, NULL, '2024-05-05', NULL)".formatted(100_000 + seed));
    }

    private List<String> contents() {
        return database.queryStrings("SELECT ROW(%s)::text FROM orders ORDER BY id".formatted(compared));
    }
}
