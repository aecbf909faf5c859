package liquibase.ext.partition.endtoend;

import static org.assertj.core.api.Assertions.assertThat;

import liquibase.ext.partition.testing.FreshDatabase;
import liquibase.ext.partition.testing.TestDatabase;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

@ExtendWith(FreshDatabase.class)
class TwoRunnersTest {

    /** People free Liquibase's lock with release-locks while the copy that holds it is at work. */
    @ParameterizedTest
    @MethodSource("liquibase.ext.partition.endtoend.LiquibaseCli#versions")
    void theSecondFailsAndNamesTheFirst(String version, TestDatabase database) throws Exception {
        Scenario orders = Scenario.named("orders");
        orders.prepare(database);
        String contents = Migrated.contents(database, "orders");
        LiquibaseCli liquibase =
                LiquibaseCli.version(version).changelog(orders.changelog()).database(database);
        liquibase.run("update-count", "--count=3").requireSuccess();

        try (Barrier gate = Barrier.at(database, "LOCK TABLE orders_202401 IN SHARE MODE");
                RunningCli first = liquibase.start("update")) {
            gate.awaitVictim("LOCK TABLE \"public\".\"orders_new\" IN ROW EXCLUSIVE MODE", first);
            String holder = database.queryString("""
                    SELECT DISTINCT pid FROM pg_locks AS l JOIN pg_database AS d ON d.oid = l.database
                    WHERE l.locktype = 'advisory' AND d.datname = current_database()
                    """);
            // It takes no lock, so it answers while the copy is at work.
            assertThat(liquibase.run("partition-status").requireSuccess().output())
                    .contains("public.orders")
                    .contains("At work: pid " + holder);
            Copy.releaseLocks(database);

            CliResult second = liquibase.update().requireFailure();

            assertThat(second.output())
                    .contains("another runner is at work on public.orders: pid " + holder + " (liquibase-partition on ")
                    .containsPattern("liquibase-partition on \\S+ from \\S+, connected since \\d{4}-");
            gate.close();
            first.await().requireSuccess();
        }
        assertThat(Migrated.contents(database, "orders_new")).isEqualTo(contents);
    }
}
