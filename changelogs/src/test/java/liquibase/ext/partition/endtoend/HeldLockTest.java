package liquibase.ext.partition.endtoend;

import static org.assertj.core.api.Assertions.assertThat;

import liquibase.ext.partition.testing.FreshDatabase;
import liquibase.ext.partition.testing.TestDatabase;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/**
 * A runner holds DATABASECHANGELOGLOCK, and is then killed: the next runner is told which of the two is the case, and
 * what to run.
 */
@ExtendWith(FreshDatabase.class)
class HeldLockTest {

    @ParameterizedTest
    @MethodSource("liquibase.ext.partition.endtoend.LiquibaseCli#versions")
    void whoComesNextIsToldWhetherTheHolderIsAlive(String version, TestDatabase database) throws Exception {
        Scenario orders = Scenario.named("orders");
        orders.prepare(database);
        LiquibaseCli liquibase =
                LiquibaseCli.version(version).changelog(orders.changelog()).database(database);
        LiquibaseCli impatient = liquibase
                .environment("LIQUIBASE_CHANGELOG_LOCK_WAIT_TIME_IN_MINUTES", "0")
                .environment("LIQUIBASE_CHANGELOG_LOCK_POLL_RATE", "1");
        liquibase.run("update-count", "--count=3").requireSuccess();
        // It only prints: it neither waits for the lock nor marks itself as the holder.
        assertThat(liquibase.updateSql().requireSuccess().output()).doesNotContain("advisory_lock_shared");

        try (Barrier gate = Barrier.at(database, "LOCK TABLE orders_202401 IN SHARE MODE");
                RunningCli first = liquibase.start("update")) {
            gate.awaitVictim("LOCK TABLE \"public\".\"orders_new\" IN ROW EXCLUSIVE MODE", first);
            String pid =
                    database.queryString("SELECT substring(lockedby FROM ', pid (\\d+)$') FROM databasechangeloglock");

            assertThat(impatient.update().requireFailure().output())
                    .contains("databasechangeloglock is held by ")
                    .contains("is alive: pid " + pid + " (liquibase-partition on ")
                    .contains("pg_terminate_backend(" + pid + ")");
            first.kill();
        }
        Copy.awaitNoRunner(database);

        assertThat(impatient.update().requireFailure().output())
                .contains("is not alive")
                .contains("Run liquibase release-locks");
        liquibase.run("release-locks").requireSuccess();
        liquibase.run("update-count", "--count=1").requireSuccess();
        assertThat(database.queryStrings("SELECT id FROM databasechangelog")).contains("orders-copy");
    }
}
