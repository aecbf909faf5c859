package liquibase.ext.partition.benchmark;

import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.SQLException;
import java.time.YearMonth;
import java.util.ArrayList;
import java.util.List;
import liquibase.ext.partition.engine.MigrationFixture;
import liquibase.ext.partition.engine.newtable.IncomingForeignKeys;
import liquibase.ext.partition.testing.TestDatabase;

/**
 * Compares the cost of an insert into a referring table whose foreign key triggers keep
 * ({@code incomingForeignKeys: trigger}) with that of PostgreSQL's own key to a plain table with the same rows, for
 * several numbers of partitions. Prints microseconds per insert, and their ratio.
 *
 * <p>Run {@link #main} as {@link RoutingCost} is run.
 */
public final class ForeignKeyTriggerCost {
    private static final int ROUNDS = 5;
    private static final int ROWS = 2_400;
    private static final int INSERTS = 20_000;
    private static final YearMonth UNTIL = YearMonth.of(2025, 1);

    private ForeignKeyTriggerCost() {}

    /** No arguments. */
    public static void main(String[] arguments) throws SQLException {
        for (int months : new int[] {12, 36, 120}) {
            try (TestDatabase database = TestDatabase.create()) {
                MigrationFixture orders = MigrationFixture.ofOrders(database, ROWS)
                        .between(UNTIL.minusMonths(months).toString(), UNTIL.toString())
                        .incomingForeignKeys(IncomingForeignKeys.TRIGGER);
                database.execute(
                        "CREATE TABLE plain AS SELECT * FROM orders",
                        "ALTER TABLE plain ADD PRIMARY KEY (id)",
                        "CREATE TABLE keyed (o bigint REFERENCES plain)",
                        "CREATE TABLE kept (o bigint CONSTRAINT of_order REFERENCES orders)");
                orders.throughSwap();
                measure(database, months);
            }
        }
    }

    /** Turn by turn, so that both meet the same load; the first round warms up. */
    private static void measure(TestDatabase database, int months) throws SQLException {
        List<Double> keys = new ArrayList<>();
        List<Double> triggers = new ArrayList<>();
        try (Connection connection = database.connect()) {
            connection.setAutoCommit(false);
            for (int round = 0; round <= ROUNDS; round++) {
                double key = insert(connection, "keyed");
                double kept = insert(connection, "kept");
                if (round > 0) {
                    keys.add(key);
                    triggers.add(kept);
                }
            }
        }
        System.out.printf(
                "%3d partitions: foreign key %.1f µs, triggers %.1f µs an insert, x %.1f%n",
                months,
                RoutingCost.median(keys),
                RoutingCost.median(triggers),
                RoutingCost.median(triggers) / RoutingCost.median(keys));
    }

    private static double insert(Connection connection, String table) throws SQLException {
        try (PreparedStatement insert = connection.prepareStatement("INSERT INTO " + table + " VALUES (?)")) {
            long start = System.nanoTime();
            for (int i = 0; i < INSERTS; i++) {
                insert.setLong(1, 1 + i % ROWS);
                insert.executeUpdate();
            }
            connection.commit();
            return (System.nanoTime() - start) / 1e3 / INSERTS;
        }
    }
}
