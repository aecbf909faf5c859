package liquibase.ext.partition.engine;

import static liquibase.ext.partition.engine.MigrationFixture.inBackground;
import static liquibase.ext.partition.engine.MigrationFixture.join;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.time.LocalDate;
import java.util.concurrent.Future;
import liquibase.ext.partition.engine.swap.SwapSettings;
import liquibase.ext.partition.testing.FreshDatabase;
import liquibase.ext.partition.testing.TestDatabase;
import liquibase.ext.partition.testing.Workload;
import liquibase.ext.partition.testing.WorkloadReport;
import liquibase.ext.partition.testing.WorkloadReport.Count;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;

/**
 * The proof: a dozen connections insert, update, delete, change months and keys all the way through, in READ COMMITTED
 * and REPEATABLE READ, and in the end every row is exactly what its writer was told was committed.
 */
@ExtendWith(FreshDatabase.class)
class StressTest {
    private static final SwapSettings SWAP =
            new SwapSettings(MigrationFixture.LOCK, SwapSettings.DEFAULT_MAX_DRAIN_ROWS);

    private static MigrationFixture orders(TestDatabase database, int rows) {
        database.execute(
                """
                CREATE TABLE orders (
                  id uuid PRIMARY KEY DEFAULT gen_random_uuid(),
                  number bigint GENERATED ALWAYS AS IDENTITY,
                  gone text,
                  status text NOT NULL CHECK (status IN ('new', 'paid', 'sent')),
                  amount numeric(10,2),
                  amount_with_tax numeric(10,2) GENERATED ALWAYS AS (amount * 1.2) STORED,
                  note text,
                  details jsonb,
                  created_at timestamptz NOT NULL)""",
                "ALTER TABLE orders DROP COLUMN gone",
                "CREATE INDEX orders_by_status ON orders (status, created_at)",
                "CREATE UNIQUE INDEX orders_number ON orders (number)",
                """
                INSERT INTO orders (status, amount, details, created_at)
                SELECT 'new', i %% 1000, '{"n": 1}', timestamptz '2024-01-01 00:00+00' + random() * interval '243 days'
                FROM generate_series(1, %d) AS i""".formatted(rows),
                "ANALYZE orders");
        return MigrationFixture.of(database, "public", "orders", "created_at", "id")
                .between("2024-01", "2024-09");
    }

    private static Workload.Builder writers(TestDatabase database) {
        return Workload.on(database, "public.orders", "id", "created_at")
                .between(LocalDate.of(2024, 1, 1), LocalDate.of(2024, 9, 1))
                .choices("status", "new", "paid", "sent")
                .withOutliers();
    }

    @Test
    void everyRowOfALargeTableIsWhatItsWriterCommittedThroughoutAndAfterwards(TestDatabase database) throws Exception {
        MigrationFixture orders = orders(database, 60_000);
        try (Workload workload =
                writers(database).writers(12).writesPerSecond(1_500).start()) {
            workload.awaitCommits(200);
            orders.prepare().capture().copy(2_000, 3, false);
            orders.index();
            workload.pause();
            orders.replay();
            assertThat(workload.differences("orders_new").isEmpty())
                    .as("%s", workload.differences("orders_new"))
                    .isTrue();
            workload.resume();
            workload.awaitCommits(200);
            orders.replay().verify(4_000);
            orders.swap(SWAP);
            workload.awaitCommits(500);
            workload.pause();
            workload.assertNothingLost();
            workload.resume();
            orders.step(
                    "rollback of lockedSwap", run -> liquibase.ext.partition.engine.swap.ReverseSwap.run(run, SWAP));
            workload.awaitCommits(500);
            orders.swap(SWAP);
            workload.awaitCommits(500);

            WorkloadReport report = workload.stop();

            workload.assertNothingLost();
            assertThat(report.violations()).isEmpty();
            assertThat(report.count(Count.DEADLOCKS)).isZero();
            assertThat(report.count(Count.SWAP_ERRORS)).isZero();
            assertThat(report.count(Count.KEY_CHANGES)).isPositive();
            orders.dropBackup();
            workload.assertNothingLost();
        }
    }

    /**
     * The engine's own invariant, at many moments of copy, replay and swap, in one snapshot each, with writers running.
     */
    @Test
    void theInvariantHoldsAtEveryMoment(TestDatabase database) throws Exception {
        MigrationFixture orders = orders(database, 6_000);
        try (Workload workload =
                writers(database).writers(8).writesPerSecond(500).start()) {
            workload.awaitCommits(100);
            orders.prepare().capture();
            int checks = 0;
            Future<Void> copy = inBackground(() -> orders.copy(60, 2, false));
            while (!copy.isDone()) {
                InvariantChecker.assertHolds(orders);
                checks++;
            }
            join(copy);
            assertThat(checks).as("moments of the copy looked at").isPositive();
            InvariantChecker.assertHolds(orders);
            orders.index();
            Future<Void> replay = inBackground(() -> orders.replay(100));
            int looks = 0;
            while (!replay.isDone()) {
                InvariantChecker.assertHolds(orders);
                if (++looks == 10) {
                    // On a loaded machine the replay of so small batches, beside these looks, may never catch up.
                    workload.pause();
                }
            }
            join(replay);
            workload.resume();
            InvariantChecker.assertHolds(orders);
            orders.verify();
            orders.swap(SWAP);
            InvariantChecker.assertHoldsAfterSwap(orders);
            workload.awaitCommits(300);
            InvariantChecker.assertHoldsAfterSwap(orders);
            orders.reverseSwap();
            InvariantChecker.assertHolds(orders);
            workload.awaitCommits(100);
            InvariantChecker.assertHolds(orders);
            workload.stop();
            workload.assertNothingLost();
        }
    }

    @Test
    void theCheckerFindsEveryKindOfViolation(TestDatabase database) throws Exception {
        MigrationFixture orders =
                MigrationFixture.ofOrders(database, 1000, 4).prepare().capture().copy();
        InvariantChecker.assertHolds(orders);
        for (String violation : new String[] {
            "DELETE FROM orders_new WHERE id = 5",
            "UPDATE orders_new SET status = 'other' WHERE id = 5",
            "INSERT INTO orders_new SELECT * FROM orders WHERE id = 5",
            "INSERT INTO orders_new SELECT id, status, amount, filler, created_at + interval '2 months' FROM orders WHERE id = 5",
            "INSERT INTO orders_new (id, status, created_at) VALUES (5000, 'x', now())"
        }) {
            database.execute("CREATE TABLE kept AS SELECT * FROM orders_new", violation);
            assertThatThrownBy(() -> InvariantChecker.assertHolds(orders))
                    .as(violation)
                    .isInstanceOf(AssertionError.class);
            database.execute("TRUNCATE orders_new", "INSERT INTO orders_new SELECT * FROM kept", "DROP TABLE kept");
        }
    }
}
