package liquibase.ext.partition.endtoend;

import static org.assertj.core.api.Assertions.assertThat;

import java.sql.SQLException;
import java.time.LocalDate;
import java.util.List;
import liquibase.ext.partition.testing.FreshDatabase;
import liquibase.ext.partition.testing.TestDatabase;
import liquibase.ext.partition.testing.Workload;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;

/**
 * Kills the process in every step, while writers write. A {@link Barrier} holds it at a known point. The next update
 * goes on, and in the end not one row is missing.
 *
 * <p>A killed process leaves its server session behind until that session's statement has ended. So the barrier is
 * opened before the next update, as the holder of a real lock releases it at some time.
 */
@ExtendWith(FreshDatabase.class)
class KillTest {

    private static final Scenario ORDERS = Scenario.named("orders");
    private TestDatabase database;
    private Workload workload;
    private LiquibaseCli liquibase;

    @BeforeEach
    void tableInUse() {
        ORDERS.prepare(database);
        workload = Workload.on(database, "public.orders", "id", "created_at")
                .between(LocalDate.of(2024, 1, 1), LocalDate.of(2025, 2, 1))
                .choices("status", "new", "paid", "shipped", "returned")
                .writers(4)
                .writesPerSecond(200)
                .start();
        workload.awaitCommits(20);
    }

    @AfterEach
    void endWriters() {
        workload.close();
    }

    private void use(int version) {
        liquibase = LiquibaseCli.version(LiquibaseCli.versions().toList().get(version))
                .changelog(ORDERS.changelog())
                .database(database);
    }

    @Test
    void goesOnWhereItWasKilledBeforeThereIsACopy() throws Exception {
        use(0);

        killAt("CREATE TABLE orders_202407 (somebody_elses text)", "CREATE TABLE \"public\".\"orders_202407\"");
        assertThat(database.queryString("SELECT to_regclass('orders_new')")).isNull();
        liquibase.run("release-locks").requireSuccess();

        killAt("LOCK TABLE orders IN ROW EXCLUSIVE MODE", "CREATE TRIGGER");
        assertThat(database.queryString("SELECT to_regclass('orders_delta')")).isNull();
        assertThat(recorded()).containsExactly("orders-before", "orders-prepare");
        Copy.releaseLocks(database);

        killAt("LOCK TABLE orders_202407 IN SHARE MODE", "LOCK TABLE \"public\".\"orders_new\" IN ROW EXCLUSIVE MODE");
        Copy.releaseLocks(database);

        // Both workers stand before a chunk; the chunks before these are finished.
        List<String> finished = List.of();
        for (int perCent : new int[] {30, 70}) {
            killWhen(Copy.BOTH_WAIT, Copy.claimAfter(perCent), Copy.CLAIM, "update");
            Copy.releaseLocks(database);
            List<String> chunks = database.queryStrings(Copy.CHUNKS);
            assertThat(chunks).hasSizeGreaterThan(finished.size()).containsAll(finished);
            finished = chunks;
        }

        killAt("LOCK TABLE orders_202407 IN ROW EXCLUSIVE MODE", "ALTER TABLE ONLY ");
        assertThat(recorded()).contains("orders-copy").doesNotContain("orders-index");
        assertThat(database.queryStrings(Copy.CHUNKS)).containsAll(finished);
        Copy.releaseLocks(database);

        liquibase.update("-DswapApproved=orders").requireSuccess();
        assertThat(Migrated.isPartitioned(database, "orders")).isTrue();
        assertNothingLost();
    }

    @Test
    void goesOnWhereItWasKilledOnceThereIsACopy() throws Exception {
        use(1);
        liquibase.update("--label-filter=prepare").requireSuccess();
        liquibase.run("update-count", "--count=3").requireSuccess();
        assertThat(recorded()).endsWith("orders-index");
        workload.awaitCommits(200);

        // Row locks, which conflict neither with readers nor with the writers of the source.
        killAt("SELECT FROM orders_new FOR UPDATE", "DELETE FROM \"public\".\"orders_new\"");
        Copy.releaseLocks(database);

        liquibase.update("--label-filter=copy").requireSuccess();
        assertThat(recorded()).endsWith("orders-replay");
        killAt("LOCK TABLE orders_delta IN ACCESS EXCLUSIVE MODE", "count(*) AS rows");
        Copy.releaseLocks(database);

        killAt("LOCK TABLE orders IN ROW EXCLUSIVE MODE", "LOCK TABLE", "-DswapApproved=orders");
        assertThat(recorded()).endsWith("orders-verify");
        assertThat(Migrated.isPartitioned(database, "orders")).isFalse();
        Copy.releaseLocks(database);

        killAt(
                "LOCK TABLE databasechangelog IN SHARE MODE",
                "INSERT INTO public.databasechangelog ",
                "-DswapApproved=orders");
        // The tag that comes before it may be recorded: the server went on with that statement.
        assertThat(recorded()).as("recorded though it was killed before").doesNotContain("orders-swap");
        assertThat(Migrated.isPartitioned(database, "orders")).isTrue();
        assertNothingLost();
        Copy.releaseLocks(database);
        String swappedAt = database.queryString("SELECT swapped_at FROM partition_migration");

        // The swap is done but not recorded: it is recorded now, and nothing is swapped again.
        killAt(
                "LOCK TABLE orders IN ROW EXCLUSIVE MODE",
                "LOCK TABLE",
                "-DswapApproved=orders",
                "-DdropApproved=orders");
        assertThat(recorded()).endsWith("orders-swap", "orders-swapped");
        assertThat(database.queryString("SELECT swapped_at FROM partition_migration"))
                .isEqualTo(swappedAt);
        assertThat(database.queryString("SELECT to_regclass('orders_old')")).isNotNull();
        Copy.releaseLocks(database);

        // The way back is gone but not recorded: the rollback is recorded now, and nothing is swapped again.
        killWhen(
                "SELECT true",
                "LOCK TABLE databasechangelog IN SHARE MODE",
                "DELETE FROM public.databasechangelog ",
                "rollback-count",
                "--count=2");
        Copy.releaseLocks(database);
        liquibase.rollback("orders-before-swap").requireSuccess();
        assertThat(recorded()).endsWith("orders-verify");
        assertThat(Migrated.isPartitioned(database, "orders")).isFalse();
        assertNothingLost();

        liquibase.update("-DswapApproved=orders", "-DdropApproved=orders").requireSuccess();
        assertThat(recorded()).endsWith("orders-drop", "orders-upkeep");
        assertThat(database.queryString("SELECT to_regclass('orders_old')")).isNull();
        assertNothingLost();
    }

    private List<String> recorded() {
        return database.queryStrings("SELECT id FROM databasechangelog ORDER BY orderexecuted");
    }

    /**
     * Starts an update, waits until it stands at the barrier, and kills it.
     *
     * @param lock the lock that the barrier takes
     * @param statement the statement of the update that waits there
     */
    private void killAt(String lock, String statement, String... arguments) throws SQLException {
        killWhen("SELECT true", lock, statement, "update", arguments);
    }

    /** As {@link #killAt}, for any command, once {@code condition} is also true. */
    private void killWhen(String condition, String lock, String statement, String command, String... arguments)
            throws SQLException {
        try (Barrier barrier = Barrier.at(database, lock);
                RunningCli update = liquibase.start(command, arguments)) {
            barrier.awaitVictim(statement, update);
            database.awaitTrue(condition);
            assertThat(update.kill().exitCode()).isNotZero();
        }
        Copy.awaitNoRunner(database);
        assertThat(database.queryString("SELECT locked FROM databasechangeloglock"))
                .isEqualTo("t");
        workload.awaitCommits(20);
    }

    private void assertNothingLost() {
        workload.pause();
        workload.assertNothingLost();
        workload.resume();
    }
}
