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
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;
import org.junit.jupiter.params.provider.ValueSource;

/**
 * Hands to psql what Liquibase prints instead of executing: the script does the work, or ends before the work is
 * recorded as done.
 */
@ExtendWith(FreshDatabase.class)
class PrintedSqlTest {

    private static final Scenario ORDERS = Scenario.named("orders");
    private static final String RECORDED = "SELECT id FROM databasechangelog ORDER BY orderexecuted";

    @TempDir
    Path directory;

    private static LiquibaseCli liquibase(String version, TestDatabase database) {
        return LiquibaseCli.version(version).changelog(ORDERS.changelog()).database(database);
    }

    private Path script(CliResult printed) throws Exception {
        return Files.writeString(
                directory.resolve("script.sql"), printed.requireSuccess().stdout());
    }

    @ParameterizedTest
    @MethodSource("liquibase.ext.partition.endtoend.LiquibaseCli#versions")
    void theUpdateScriptPreparesAndCapturesAndEndsAtTheCopy(String version, TestDatabase database) throws Exception {
        ORDERS.prepare(database);
        LiquibaseCli liquibase = liquibase(version, database);
        liquibase.run("validate").requireSuccess();
        assertThat(liquibase.run("status").requireSuccess().output()).contains("12 changesets have not been applied");
        Path script = script(liquibase.updateSql());
        assertThat(database.queryLong("SELECT count(*) FROM pg_class WHERE relname ~ '^(orders_new|partition_)'"))
                .as("relations made by printing")
                .isZero();

        CliResult psql = Psql.run(database, script);

        assertThat(psql.exitCode()).as(psql.toString()).isNotZero();
        assertThat(psql.output())
                .contains("chunkedCopy is done by Liquibase itself")
                .contains("release-locks");
        assertThat(database.queryStrings(RECORDED))
                .containsExactly("orders-before", "orders-prepare", "orders-capture");
        assertThat(database.queryLong("SELECT count(*) FROM pg_inherits WHERE inhparent = 'orders_new'::regclass"))
                .isEqualTo(13);
        database.execute("UPDATE orders SET amount = 0 WHERE id = 5");
        assertThat(database.queryStrings("SELECT id FROM orders_delta")).containsExactly("5");

        // From here on as the script says.
        String contents = Migrated.contents(database, "orders");
        liquibase.run("release-locks").requireSuccess();
        CliResult update = liquibase.update("-DswapApproved=orders").requireSuccess();
        assertThat(update.output())
                .doesNotContain("Running Changeset: liquibase-partition/public.orders::orders-capture");
        assertThat(Migrated.contents(database, "orders")).isEqualTo(contents);
        assertThat(Migrated.isPartitioned(database, "orders")).isTrue();

        Path back = script(liquibase.run("rollback-sql", "--tag=orders-before-swap"));
        CliResult rollback = Psql.run(database, back);
        assertThat(rollback.exitCode()).as(rollback.toString()).isNotZero();
        assertThat(rollback.output()).contains("rollback of lockedSwap is done by Liquibase itself");
        assertThat(database.queryStrings(RECORDED)).contains("orders-swap");
        assertThat(Migrated.contents(database, "orders")).isEqualTo(contents);
    }

    /**
     * Each makes something else besides partitions: a function, children, a table of other types, a generated column.
     */
    @ParameterizedTest
    @ValueSource(strings = {"text-dates", "routed-by-trigger", "changed-types", "coalesced-dates"})
    void theUpdateScriptPreparesEveryKindOfPartitionKey(String name, TestDatabase database) throws Exception {
        Scenario scenario = Scenario.named(name);
        scenario.prepare(database);
        LiquibaseCli liquibase =
                LiquibaseCli.version(version()).changelog(scenario.changelog()).database(database);

        CliResult psql = Psql.run(database, script(liquibase.updateSql()));

        assertThat(psql.output()).contains("chunkedCopy is done by Liquibase itself");
        assertThat(database.queryStrings(RECORDED))
                .hasSize(3)
                .anyMatch(id -> id.endsWith("-prepare"))
                .anyMatch(id -> id.endsWith("-capture"));
        liquibase.run("release-locks").requireSuccess();
        liquibase.update("-DswapApproved=all").requireSuccess();
    }

    @Test
    void theUpdateScriptRecordsNothingThatFailed(TestDatabase database) throws Exception {
        ORDERS.prepare(database);
        Path script = script(liquibase(version(), database).updateSql());
        database.execute("CREATE TABLE orders_202407 (somebody_elses text)");

        CliResult psql = Psql.run(database, script);

        assertThat(psql.exitCode()).as(psql.toString()).isNotZero();
        assertThat(psql.output()).contains("relation \"orders_202407\" already exists");
        assertThat(database.queryStrings(RECORDED)).containsExactly("orders-before");
        assertThat(database.queryString("SELECT to_regclass('orders_new')")).isNull();
    }

    @Test
    void theUpdateScriptRecordsNoCaptureWhoseLockWasNotGiven(TestDatabase database) throws Exception {
        ORDERS.prepare(database);
        Path script = script(liquibase(version(), database).updateSql());

        CliResult psql;
        try (var reader = database.connect()) {
            reader.setAutoCommit(false);
            reader.createStatement().execute("UPDATE orders SET amount = 1 WHERE id = 1");
            psql = Psql.run(database, script);
            reader.rollback();
        }

        assertThat(psql.exitCode()).as(psql.toString()).isNotZero();
        assertThat(database.queryStrings(RECORDED)).containsExactly("orders-before", "orders-prepare");
        assertThat(database.queryStrings("SELECT tgname FROM pg_trigger WHERE tgrelid = 'orders'::regclass"))
                .isEqualTo(List.of("set_updated_at"));
    }

    private static String version() {
        return LiquibaseCli.versions().findFirst().orElseThrow();
    }
}
