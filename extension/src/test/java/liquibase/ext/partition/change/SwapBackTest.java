package liquibase.ext.partition.change;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.List;
import liquibase.exception.LiquibaseException;
import liquibase.ext.partition.engine.Transaction;
import liquibase.ext.partition.testing.TestDatabase;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/**
 * The two ways back from a swap, while other teams deploy to the same database at any moment: a rollback to the state
 * right before it, and {@code -DswapBack=orders}, which takes back nothing else.
 */
@ExtendWith(FreshChangelog.class)
class SwapBackTest {
    private static final String TAG = "orders-before-swap";

    private TestDatabase database;
    private Changelog changelog;

    @BeforeEach
    void orders() {
        changelog.generated("orders", "lockTimeout=\"20ms\" lockAttempts=\"2\"");
    }

    /** Another team's changeset, which makes a table of that name. */
    private static String changesetOf(String table) {
        return "<changeSet id=\"%1$s\" author=\"another team\"><createTable tableName=\"%1$s\"><column name=\"id\" type=\"int\"/></createTable></changeSet>\n"
                .formatted(table);
    }

    private void deploy(String table) throws LiquibaseException {
        changelog.and(changesetOf(table)).update();
        assertThat(isThere(table)).isTrue();
    }

    private boolean isThere(String table) {
        return database.queryString("SELECT to_regclass('" + table + "')") != null;
    }

    private void swap() throws LiquibaseException {
        changelog.updateWith("swapApproved", "orders");
        assertThat(isSwapped()).isTrue();
    }

    private void swapInVain() throws Exception {
        try (Transaction reader = Transaction.begin(database)) {
            reader.query("SELECT count(*) FROM orders");
            assertThatThrownBy(() -> changelog.updateWith("swapApproved", "orders"))
                    .hasMessageContaining("Could not lock public.orders");
        }
        assertThat(isSwapped()).isFalse();
    }

    private boolean isSwapped() {
        return "p".equals(database.queryString("SELECT relkind FROM pg_class WHERE oid = 'orders'::regclass"));
    }

    private String write() {
        database.execute(
                "INSERT INTO orders (customer, amount, created_at) VALUES (1, 1, timestamptz '2024-05-05 00:00+00')",
                "UPDATE orders SET amount = amount + 1 WHERE id % 50 = 1",
                "DELETE FROM orders WHERE id IN (SELECT min(id) FROM orders)");
        return rows();
    }

    private String rows() {
        return database.queryString("SELECT md5(string_agg(t::text, ',' ORDER BY id)) FROM orders AS t");
    }

    private String tags() {
        return database.queryStrings(
                        "SELECT tag FROM databasechangelog WHERE tag IS NOT NULL ORDER BY dateexecuted, orderexecuted")
                .toString();
    }

    @Test
    void aRollbackToTheTagTakesBackTheSwapAndLeavesWhatWasDeployedBetweenCopyAndSwap() throws Exception {
        changelog.update();
        deploy("theirs");
        assertThat(tags()).as("not before the swap").isEqualTo("[orders-before]");
        swap();
        String rows = write();

        changelog.rollback(TAG);

        assertThat(isSwapped()).isFalse();
        assertThat(isThere("theirs")).isTrue();
        assertThat(rows()).isEqualTo(rows);
        assertThat(changelog.recorded()).endsWith("orders-verify", "theirs");
        swap();
        assertThat(changelog.recorded()).endsWith("theirs", TAG, "orders-swap", "orders-swapped");
    }

    /** Each attempt could leave a tag that is older than somebody's changeset. */
    @Test
    void theTagIsRightBeforeTheSwapHoweverOftenItWasTriedInVainAndTakenBack() throws Exception {
        changelog.update();
        swapInVain();
        deploy("first");
        swap();
        deploy("second");
        changelog.rollback(TAG);
        assertThat(isThere("second"))
                .as("deployed after the swap, so that a rollback undoes it")
                .isFalse();
        assertThat(isThere("first")).isTrue();

        swapInVain();
        deploy("third");
        assertThatThrownBy(() -> changelog.rollback(TAG)).hasStackTraceContaining("Could not find tag '" + TAG + "'");
        swap();
        changelog.rollback(TAG);

        assertThat(isThere("first")).isTrue();
        assertThat(isThere("third")).isTrue();
        assertThat(isSwapped()).isFalse();
    }

    /** A rollback that does not go by the tag leaves its record, which the next update finds without a swap. */
    @Test
    void aTagWithoutASwapIsForgottenByTheNextUpdate() throws Exception {
        changelog.update();
        swap();
        // The upkeep ran last, as always.
        changelog.rollback(3);
        assertThat(changelog.recorded()).endsWith("orders-verify", TAG);

        deploy("theirs");

        assertThat(tags()).isEqualTo("[orders-before]");
        swap();
        changelog.rollback(TAG);
        assertThat(isThere("theirs")).isTrue();
    }

    /** Killed between the swap's own commit and the records, or between the two records. */
    @ParameterizedTest
    @ValueSource(strings = {"'orders-before-swap', 'orders-swap', 'orders-swapped'", "'orders-swap', 'orders-swapped'"})
    void whereTheRecordsWereLostTheTagIsRightBeforeTheSwapAllTheSame(String lost) throws Exception {
        changelog.update();
        swap();
        database.execute("DELETE FROM databasechangelog WHERE id IN (" + lost + ")");
        deploy("theirs");
        assertThat(tags()).doesNotContain(TAG);

        swap();

        assertThat(changelog.recorded()).endsWith("theirs", TAG, "orders-swap", "orders-swapped");
        changelog.rollback(TAG);
        assertThat(isSwapped()).isFalse();
        assertThat(isThere("theirs")).isTrue();
    }

    /** Killed between the two records; then the newly approved update begins with another team's changeset. */
    @Test
    void whatIsDeployedInTheSameUpdateAheadOfTheSwapComesBeforeItsTag() throws Exception {
        changelog.update();
        swap();
        database.execute("DELETE FROM databasechangelog WHERE id IN ('orders-swap', 'orders-swapped')");
        changelog.after(changesetOf("theirs"));

        swap();

        assertThat(changelog.recorded()).endsWith("theirs", TAG, "orders-swap", "orders-swapped");
        changelog.rollback(TAG);
        assertThat(isThere("theirs")).isTrue();
    }

    @Test
    void takesBackTheSwapAloneWhateverWasDeployedSinceAndCanBeSwappedAgainAndDropped() throws Exception {
        changelog.update();
        deploy("before");
        swap();
        assertThat(changelog.lines())
                .anyMatch(line -> line.contains("public.orders is partitioned now")
                        && line.endsWith("liquibase update -DswapBack=orders"));
        deploy("after");
        String rows = write();

        // With an approval that somebody has left in the pipeline.
        changelog.parameter("dropApproved", "orders");
        changelog.updateWith("swapBack", "orders");
        changelog.parameter("dropApproved", "");

        assertThat(isSwapped()).isFalse();
        assertThat(rows()).isEqualTo(rows);
        assertThat(isThere("before")).isTrue();
        assertThat(isThere("after")).isTrue();
        assertThat(changelog.recorded())
                .doesNotContain("orders-swap", "orders-swapped", TAG, "orders-drop")
                .endsWith("before", "after");
        assertThat(changelog.lines())
                .anyMatch(line -> line.contains("The swap of public.orders is taken back, and no other changeset"));
        changelog.update();
        assertThat(isSwapped()).as("waits for approval again").isFalse();

        rows = write();
        swap();
        assertThat(changelog.recorded()).endsWith("after", TAG, "orders-swap", "orders-swapped");
        assertThat(rows()).isEqualTo(rows);
        rows = write();
        changelog.rollback(TAG);
        assertThat(rows()).isEqualTo(rows);
        assertThat(isThere("after")).isTrue();
        swap();
        changelog.updateWith("dropApproved", "orders");
        assertThat(isThere("orders_old")).isFalse();
        assertThat(rows()).isEqualTo(rows);
    }

    /** As after a process was killed there. */
    @Test
    void whatWasTakenBackAndIsStillRecordedIsToldAndForgottenWithTheParameter() throws Exception {
        changelog.update();
        swap();
        database.execute("CREATE TABLE records AS SELECT * FROM databasechangelog WHERE id LIKE 'orders-swap%'");
        changelog.updateWith("swapBack", "orders");
        database.execute("INSERT INTO databasechangelog SELECT * FROM records");

        changelog.update();
        assertThat(changelog.lines())
                .anyMatch(line ->
                        line.contains("Liquibase has a record of the swap of public.orders, which is not swapped")
                                && line.contains("Run update with -DswapBack=orders"));
        changelog.updateWith("swapBack", "orders");

        assertThat(changelog.recorded()).endsWith("orders-verify");
        swap();
    }

    @Test
    void beforeTheSwapThereIsNothingToTakeBack() throws Exception {
        changelog.updateWith("swapBack", "all");

        assertThat(changelog.recorded()).endsWith("orders-verify");
        swap();
    }

    /** Liquibase's tables may be anywhere, under any name. */
    @Test
    void itsRecordsAreFoundInWhateverTableLiquibaseKeepsThem() throws Exception {
        database.execute("CREATE SCHEMA ops");
        changelog
                .setting("liquibase.liquibaseSchemaName", "ops")
                .setting("liquibase.databaseChangelogTableName", "deployed_changes")
                .update();
        List<String> before = database.queryStrings("SELECT id FROM ops.deployed_changes ORDER BY orderexecuted");
        assertThat(before).endsWith("orders-verify", "orders-upkeep");
        swap();
        changelog.updateWith("swapBack", "orders");

        assertThat(isSwapped()).isFalse();
        assertThat(database.queryStrings("SELECT id FROM ops.deployed_changes ORDER BY orderexecuted"))
                .isEqualTo(before);
        swap();
    }
}
