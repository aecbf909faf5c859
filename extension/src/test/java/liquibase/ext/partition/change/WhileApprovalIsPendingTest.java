package liquibase.ext.partition.change;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.catchThrowable;

import liquibase.ext.partition.engine.MigrationFixture;
import liquibase.ext.partition.engine.Transaction;
import liquibase.ext.partition.testing.TestDatabase;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;

/**
 * Days pass before the swap and before the drop, and deployments go on: each brings the delta down, and none fails
 * because of it.
 */
@ExtendWith(FreshChangelog.class)
class WhileApprovalIsPendingTest {
    private TestDatabase database;
    private Changelog changelog;

    @BeforeEach
    void verifiedOrders() throws Exception {
        changelog.generated("orders", "");
        changelog.update();
    }

    private void write() {
        database.execute(
                "INSERT INTO orders (customer, amount, created_at) VALUES (1, 1, timestamptz '2024-05-05 00:00+00')",
                "UPDATE orders SET amount = amount + 1 WHERE id % 5 = 1",
                "UPDATE orders SET created_at = created_at + interval '1 month' WHERE id % 50 = 2",
                "DELETE FROM orders WHERE id = (SELECT min(id) FROM orders)");
        assertThat(delta()).isPositive();
    }

    private long delta() {
        return database.queryLong("SELECT count(*) FROM orders_delta");
    }

    private void assertSameRows(String other) {
        assertThat(database.queryStrings("""
                        (SELECT t::text FROM orders AS t EXCEPT SELECT t::text FROM %1$s AS t)
                        UNION ALL (SELECT t::text FROM %1$s AS t EXCEPT SELECT t::text FROM orders AS t)""".formatted(other))).isEmpty();
    }

    @Test
    void everyUpdateThatPassesByBringsTheDeltaDownBeforeTheSwapAndBeforeTheDrop() throws Exception {
        write();
        changelog.update();

        assertThat(delta()).isZero();
        assertSameRows("orders_new");
        assertThat(changelog.lines())
                .anyMatch(line -> line.matches("replay of public.orders: [0-9,]+ delta rows into public.orders_new"));

        changelog.parameter("swapApproved", "orders").update();
        write();
        changelog.update();

        assertThat(delta()).isZero();
        assertSameRows("orders_old");
        write();
        changelog.rollback("orders-before-swap");
        assertThat(database.queryLong("SELECT count(*) FROM orders WHERE id % 5 = 1"))
                .isPositive();
    }

    @Test
    void whatWaitsIsShownWithItsSizeAndItsAgeAndOnlyThen() throws Exception {
        String shown =
                "SELECT delta_backlog > 0 AND delta_bytes > 0 AND delta_age >= interval '0' FROM partition_progress";
        write();
        database.awaitTrue(shown);
        long age = database.queryLong("SELECT extract(epoch FROM delta_age * 1000000)::bigint FROM partition_progress");
        database.awaitTrue(
                "SELECT extract(epoch FROM delta_age * 1000000)::bigint > %d FROM partition_progress".formatted(age));

        changelog.update();

        database.awaitTrue("SELECT delta_backlog = 0 AND delta_age IS NULL FROM partition_progress");
    }

    /** If they were replayed meanwhile, the rows of the month would be missing from the backup when it comes back. */
    @Test
    void nothingIsReplayedIntoTheBackupWhileAPartitionIsMissing() throws Exception {
        changelog.parameter("swapApproved", "orders").update();
        write();
        database.execute("ALTER TABLE orders DETACH PARTITION orders_202405");
        long before = delta();

        changelog.update();

        assertThat(delta()).isEqualTo(before);
        assertThat(changelog.lines())
                .anyMatch(line -> line.contains("is not replayed by this update")
                        && line.contains("a partition was taken out, whose rows the backup would lose"));
    }

    @Test
    void whatTheBackupAloneHasStopsTheDropUntilItIsCapturedAsTheMessageSays() throws Exception {
        changelog.parameter("swapApproved", "orders").update();
        database.execute(
                "ALTER TABLE orders DISABLE TRIGGER orders_delta_capture",
                "DELETE FROM orders WHERE id = (SELECT min(id) FROM orders)",
                "UPDATE orders SET amount = amount + 1 WHERE id = (SELECT max(id) FROM orders)",
                "ALTER TABLE orders ENABLE ALWAYS TRIGGER orders_delta_capture");
        changelog.parameter("dropApproved", "orders");

        Throwable refused = catchThrowable(changelog::update);
        assertThat(refused)
                .hasMessageContaining(
                        "public.orders and its backup differ in 2 rows that were not written since the swap. The backup stays: it may be the only place that has them.")
                .hasMessageContaining("Then run update again.");
        database.execute(MigrationFixture.advised(refused, "Where public.orders is right"));
        changelog.update();

        assertThat(database.queryString("SELECT to_regclass('orders_old')")).isNull();
    }

    /** A deployment has other things to do. */
    @Test
    void nothingIsWaitedForAndNothingFailsTheUpdate() throws Exception {
        write();
        long before = delta();

        changelog.setting("liquibase.partition.throttleQuery", "SELECT true").update();
        assertThat(changelog.lines())
                .contains(
                        "replay of public.orders into public.orders_new ends here, because throttleQuery says so; the next update goes on.");
        changelog.setting("liquibase.partition.throttleQuery", "off").setting("liquibase.partition.onBusy", "wait");
        try (Transaction other = Transaction.begin(database)) {
            other.query("""
                    SELECT pg_advisory_lock(hashtextextended('liquibase-partition "public"."orders"', 0))""");
            changelog.update();
        }
        assertThat(changelog.lines())
                .anyMatch(line ->
                        line.startsWith("What was written to public.orders meanwhile is not replayed by this update")
                                && line.contains("another runner is at work on public.orders"));
        database.execute("ALTER TABLE orders ADD COLUMN later text");
        changelog.update();
        assertThat(changelog.lines())
                .anyMatch(
                        line -> line.startsWith(
                                        "What was written to public.orders meanwhile is not replayed by this update")
                                && line.contains(
                                        "The columns of public.orders and public.orders_new are not the same any more"));
        assertThat(delta()).isEqualTo(before);

        database.execute("ALTER TABLE orders_new ADD COLUMN later text");
        changelog.update();
        assertThat(delta()).isZero();
    }
}
