package liquibase.ext.partition.endtoend;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import liquibase.ext.partition.testing.FreshDatabase;
import liquibase.ext.partition.testing.TestDatabase;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.api.io.TempDir;

/**
 * The decisions of a pipeline by {@code -D}: which table is swapped, which backup is dropped, which copy begins again.
 */
@ExtendWith(FreshDatabase.class)
class SwitchesTest {

    private static final Scenario TWO_TABLES = Scenario.named("two-tables");

    @TempDir
    Path directory;

    private static LiquibaseCli liquibase(TestDatabase database, int version, Path changelog) {
        return LiquibaseCli.version(LiquibaseCli.versions().toList().get(version))
                .changelog(changelog)
                .database(database);
    }

    @Test
    void anApprovalIsForTheTablesThatItNames(TestDatabase database) {
        TWO_TABLES.prepare(database);
        LiquibaseCli liquibase = liquibase(database, 1, TWO_TABLES.changelog());

        CliResult none = liquibase
                .update("-DswapApproved=somebody_elses_table", "-DdropApproved=all")
                .requireSuccess();
        assertThat(none.output())
                .contains("The swap of public.orders waits for approval")
                .contains("The swap of public.payments waits for approval");
        assertThat(partitioned(database)).isEmpty();

        CliResult one = liquibase.update("-DswapApproved=public.payments").requireSuccess();
        assertThat(one.output())
                .contains("The swap of public.orders waits for approval")
                .contains("The drop of public.payments waits for approval");
        assertThat(partitioned(database)).containsExactly("payments");

        liquibase
                .update("-DswapApproved=somebody_elses_table, orders", "-DdropApproved=payments")
                .requireSuccess();
        assertThat(partitioned(database)).containsExactly("orders", "payments");
        assertThat(database.queryStrings(
                        "SELECT relname FROM pg_class WHERE relname IN ('orders_old', 'payments_unpartitioned')"))
                .containsExactly("orders_old");

        // On both versions, and also if nothing is pending.
        liquibase.update("-DdropApproved=orders").requireSuccess();
        for (int version : new int[] {0, 1}) {
            CliResult mistyped =
                    liquibase(database, version, TWO_TABLES.changelog()).update("-DswapBack=order");
            assertThat(mistyped.exitCode()).isEqualTo(1);
            assertThat(mistyped.output()).contains("swapBack names order", "Did you mean orders?");
        }
    }

    /** A changelog from a user's own template may set none of the parameters. */
    @Test
    void whereNobodySetsTheParametersTheSwapStaysPending(TestDatabase database) throws Exception {
        TWO_TABLES.prepare(database);
        Files.writeString(
                directory.resolve("changelog.xml"),
                Files.readString(TWO_TABLES.changelog()).replaceAll("<property [^>]*>", ""));
        Path root = Files.writeString(directory.resolve("root.yaml"), """
                databaseChangeLog:
                  - include:
                      file: changelog.xml
                      relativeToChangelogFile: true
                """);
        String contents = Migrated.contents(database, "payments");

        CliResult update = liquibase(database, 0, root).update().requireSuccess();

        assertThat(update.output()).contains("The swap of public.payments waits for approval");
        assertThat(partitioned(database)).isEmpty();
        assertThat(Migrated.contents(database, "payments_by_month")).isEqualTo(contents);
    }

    @Test
    void restartCopyBeginsTheCopyOfTheTableThatItNamesAgain(TestDatabase database) throws Exception {
        Scenario orders = Scenario.named("orders");
        orders.prepare(database);
        LiquibaseCli liquibase = liquibase(database, 0, orders.changelog());
        liquibase.run("update-count", "--count=3").requireSuccess();
        // The lock is on the whole new table: a worker whose chunk has no row of a locked month would go on and finish
        // chunks.
        stopCopy(
                database,
                liquibase,
                "LOCK TABLE orders_new IN SHARE MODE",
                "LOCK TABLE \"public\".\"orders_new\" IN ROW EXCLUSIVE MODE");

        CliResult resumed = stopCopy(database, liquibase, Copy.claimAfter(50), Copy.CLAIM);
        assertThat(resumed.output()).doesNotContain("starting over");
        List<String> chunks = database.queryStrings(Copy.CHUNKS);
        assertThat(chunks).isNotEmpty();

        CliResult restarted = liquibase.update("-DrestartCopy=orders").requireSuccess();
        assertThat(restarted.output()).contains("starting over");
        assertThat(database.queryStrings(Copy.CHUNKS))
                .hasSizeGreaterThan(chunks.size())
                .doesNotContainAnyElementsOf(chunks);
        assertThat(Migrated.contents(database, "orders_new")).isEqualTo(Migrated.contents(database, "orders"));
    }

    /** Kills the copy at a barrier, once the other worker has also reached a barrier or an end. */
    private static CliResult stopCopy(TestDatabase database, LiquibaseCli liquibase, String lock, String statement)
            throws Exception {
        CliResult killed;
        try (Barrier barrier = Barrier.at(database, lock);
                RunningCli update = liquibase.start("update", "-DrestartCopy=")) {
            barrier.awaitVictim(statement, update);
            if (statement.equals(Copy.CLAIM)) {
                database.awaitTrue(Copy.BOTH_WAIT);
            }
            killed = update.kill();
        }
        Copy.awaitNoRunner(database);
        Copy.releaseLocks(database);
        return killed;
    }

    private static List<String> partitioned(TestDatabase database) {
        return database.queryStrings(
                "SELECT relname FROM pg_class WHERE relkind = 'p' AND relname IN ('orders', 'payments') ORDER BY 1");
    }
}
