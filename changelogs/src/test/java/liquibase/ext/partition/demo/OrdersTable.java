package liquibase.ext.partition.demo;

import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.SQLException;
import java.time.LocalDate;
import java.util.concurrent.atomic.AtomicReference;
import java.util.function.Consumer;
import liquibase.ext.partition.testing.TestDatabase;
import liquibase.ext.partition.testing.Workload;
import me.tongfei.progressbar.DelegatingProgressBarConsumer;
import me.tongfei.progressbar.ProgressBar;
import me.tongfei.progressbar.ProgressBarBuilder;
import me.tongfei.progressbar.ProgressBarStyle;

/**
 * The table of the demo: two years of orders in months of uneven size, with everything that a table in use has around
 * it.
 */
record OrdersTable(TestDatabase database) {

    private static final LocalDate FROM = LocalDate.of(2024, 1, 1);
    private static final LocalDate UNTIL = LocalDate.of(2026, 1, 1);
    private static final int BATCHES = 20;

    void create(long rows) throws SQLException {
        database.execute("""
                CREATE TABLE orders (
                    id          bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
                    public_ref  uuid NOT NULL DEFAULT gen_random_uuid(),
                    customer    integer NOT NULL,
                    status      text NOT NULL DEFAULT 'new' CHECK (status IN ('new', 'paid', 'shipped', 'returned')),
                    amount      numeric(10,2) NOT NULL,
                    created_at  timestamptz NOT NULL,
                    updated_at  timestamptz NOT NULL DEFAULT now()
                )
                """);
        load(rows);
        database.execute(
                "CREATE INDEX orders_public_ref ON orders (public_ref)",
                "CREATE INDEX orders_customer ON orders (customer, created_at DESC)",
                """
                CREATE FUNCTION set_updated_at() RETURNS trigger LANGUAGE plpgsql AS
                $$ BEGIN NEW.updated_at := clock_timestamp(); RETURN NEW; END $$
                """,
                """
                CREATE TRIGGER set_updated_at BEFORE INSERT OR UPDATE ON orders
                FOR EACH ROW EXECUTE FUNCTION set_updated_at()
                """,
                "VACUUM ANALYZE orders");
    }

    private void load(long rows) throws SQLException {
        try (ProgressBar bar = new ProgressBarBuilder()
                        .setTaskName("  loading orders")
                        .setUnit(" rows", 1)
                        .setInitialMax(rows)
                        .setStyle(ProgressBarStyle.ASCII)
                        .setUpdateIntervalMillis(1000)
                        // Lines, for a build log that ignores carriage returns.
                        .setConsumer(new DelegatingProgressBarConsumer(onlyNews(), 100))
                        .build();
                Connection connection = database.connect();
                PreparedStatement insert = connection.prepareStatement("""
                        INSERT INTO orders (customer, status, amount, created_at)
                        SELECT (random() * 20000)::int,
                               (ARRAY['new', 'paid', 'shipped', 'shipped', 'shipped', 'returned'])[1 + (i % 6)],
                               round((random() * 500)::numeric, 2),
                               CAST(? AS timestamptz) + power(random(), 0.7) * (CAST(? AS timestamptz) - CAST(? AS timestamptz))
                        FROM generate_series(1, ?) AS i
                        """)) {
            insert.setString(1, FROM + " 00:00+00");
            insert.setString(2, UNTIL + " 00:00+00");
            insert.setString(3, FROM + " 00:00+00");
            for (int batch = 0; batch < BATCHES; batch++) {
                long size = rows * (batch + 1) / BATCHES - rows * batch / BATCHES;
                insert.setLong(4, size);
                insert.executeUpdate();
                bar.stepBy(size);
            }
        }
    }

    /** The bar reports its last state twice. */
    private static Consumer<String> onlyNews() {
        AtomicReference<String> last = new AtomicReference<>();
        return line -> {
            if (!line.equals(last.getAndSet(line))) {
                System.out.println(line);
            }
        };
    }

    /**
     * A steady rate, not as fast as they can: the two cores are for the copy, and a real table has a load, not a storm.
     */
    Workload startWriters(int writers, double writesPerSecond) {
        return Workload.on(database, "public.orders", "id", "created_at")
                .between(FROM, UNTIL)
                .choices("status", "new", "paid", "shipped", "returned")
                .writers(writers)
                .writesPerSecond(writesPerSecond)
                .start();
    }
}
