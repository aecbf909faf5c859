package liquibase.ext.partition.change;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.catchThrowable;

import java.nio.file.Path;
import java.util.List;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import liquibase.exception.LiquibaseException;
import liquibase.ext.partition.testing.TestDatabase;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/**
 * {@code -DrestartCopy=orders}, which messages print as the way on: it starts the copy over, whatever is recorded about
 * it, until the swap is done.
 */
@ExtendWith(FreshChangelog.class)
class RestartCopyTest {
    private static final Pattern REMEDY = Pattern.compile("liquibase update -DrestartCopy=(\\w+)");
    private static final String NOTHING = "";

    private TestDatabase database;
    private Changelog changelog;

    @BeforeEach
    void orders() {
        changelog.generated("orders", "");
    }

    /** An update with the parameter; later ones do not have it. */
    private void restartCopy(String table) throws LiquibaseException {
        changelog.updateWith("restartCopy", table);
    }

    private void approveTheSwap() throws LiquibaseException {
        changelog.parameter("swapApproved", "orders").update();
    }

    private void writeWhileNothingIsCaptured() {
        database.execute(
                "ALTER TABLE orders DISABLE TRIGGER orders_delta_capture",
                "UPDATE orders SET status = 'paid' WHERE id BETWEEN 1 AND 300",
                "DELETE FROM orders WHERE id BETWEEN 301 AND 400",
                "ALTER TABLE orders ENABLE ALWAYS TRIGGER orders_delta_capture");
    }

    private String rows(String table) {
        return database.queryString("SELECT md5(string_agg(t::text, ',' ORDER BY id)) FROM " + table + " AS t");
    }

    private long timesStartedOver() {
        return changelog.lines().stream()
                .filter(line -> line.contains("the copy of public.orders is started over"))
                .count();
    }

    private String phase() {
        return database.queryString("SELECT phase FROM partition_migration");
    }

    private static String remedyIn(Throwable failure) {
        Matcher remedy = REMEDY.matcher(failure.getMessage());
        assertThat(remedy.find()).as(failure.getMessage()).isTrue();
        return remedy.group(1);
    }

    @Test
    void aDifferenceIsGoneOnceTheCopyIsStartedOverAsTheMessageSays() throws Exception {
        changelog.update(6);
        assertThat(changelog.recorded()).endsWith("orders-replay");
        writeWhileNothingIsCaptured();
        Throwable failure = catchThrowable(changelog::update);
        assertThat(failure).hasMessageContaining("public.orders and public.orders_new differ in ");

        restartCopy(remedyIn(failure));

        assertThat(phase()).isEqualTo("verified");
        assertThat(rows("orders_new")).isEqualTo(rows("orders"));
        changelog.update();
        assertThat(timesStartedOver()).isEqualTo(1);
        String before = rows("orders");
        approveTheSwap();
        assertThat(rows("orders")).isEqualTo(before);
    }

    /** The capture was off while the swap waited, so the swap compares once more, and refuses. */
    @Test
    void aDifferenceThatTheSwapFindsIsGoneOnceTheCopyIsStartedOverAsTheMessageSays() throws Exception {
        changelog.update();
        writeWhileNothingIsCaptured();
        Throwable failure = catchThrowable(this::approveTheSwap);
        assertThat(failure).hasMessageContaining("public.orders and public.orders_new differ in ");

        String before = rows("orders");
        restartCopy(remedyIn(failure));

        assertThat(phase()).isEqualTo("swapped");
        assertThat(rows("orders")).isEqualTo(before);
        assertThat(timesStartedOver()).isEqualTo(1);
    }

    @ParameterizedTest
    @ValueSource(ints = {4, 5, 6, 7})
    void startsTheCopyOverWhicheverLaterStepIsTheNext(int recorded) throws Exception {
        changelog.update(recorded);
        String copied = database.queryString("SELECT max(started_at) FROM partition_chunk");
        // Changes the new table behind the back of the capture: only another copy mends it.
        database.execute("UPDATE orders_new SET status = 'returned'");

        restartCopy("orders");

        assertThat(database.queryLong("SELECT count(*) FROM partition_chunk WHERE started_at <= '" + copied + "'"))
                .isZero();
        assertThat(timesStartedOver()).isEqualTo(1);
        assertThat(phase()).isEqualTo("verified");
        assertThat(rows("orders_new")).isEqualTo(rows("orders"));
        changelog.update();
        assertThat(timesStartedOver()).isEqualTo(1);
    }

    /** Both are in one file. */
    @Test
    void goesByTheTablesOwnSettingsWhereATableOfAnotherSchemaHasItsName() throws Exception {
        StringBuilder changesets = new StringBuilder();
        for (String schema : List.of("eu", "us")) {
            database.execute(
                    "CREATE SCHEMA " + schema,
                    "CREATE TABLE %s.orders (id bigint PRIMARY KEY, created_at timestamptz NOT NULL)".formatted(schema),
                    "INSERT INTO %s.orders SELECT i, '2024-01-02' FROM generate_series(1, 3000) AS i"
                            .formatted(schema));
            String table = " schemaName=\"%s\" tableName=\"orders\"".formatted(schema);
            String restart = table + " keyColumns=\"id\" restart=\"${restartCopy}\"";
            changesets
                    .append(Changelog.changeset(
                            schema + "-prepare",
                            "createPartitionedTable" + table
                                    + " partitionColumns=\"created_at\" from=\"2024-01\" until=\"2024-02\""))
                    .append(Changelog.changeset(
                            schema + "-capture",
                            "captureChanges" + table + " keyColumns=\"id\" partitionColumns=\"created_at\""))
                    .append(Changelog.changeset(
                            schema + "-copy",
                            "chunkedCopy" + restart + (schema.equals("eu") ? " chunkSize=\"100\"" : "")))
                    .append(Changelog.changeset(
                            schema + "-index", "buildIndexes" + table + " restart=\"${restartCopy}\""));
        }
        changelog = new Changelog(database, changelog.directory()).changesets(changesets.toString());
        changelog.update(7);
        String chunks = """
                SELECT count(*) FROM partition_chunk AS c JOIN partition_migration AS m ON m.id = c.migration_id
                WHERE m.source_schema = '%s'""";
        long ofUs = database.queryLong(chunks.formatted("us"));
        assertThat(ofUs).isLessThan(database.queryLong(chunks.formatted("eu")));

        restartCopy("us.orders");

        assertThat(changelog.lines()).anyMatch(line -> line.contains("the copy of us.orders is started over"));
        assertThat(database.queryLong(chunks.formatted("us"))).isEqualTo(ofUs);
    }

    @Test
    void aCopyThatWasBegunInTheSameUpdateIsNotStartedOver() throws Exception {
        restartCopy("all");

        assertThat(phase()).isEqualTo("verified");
        assertThat(timesStartedOver()).isZero();
    }

    /** Each run ends in the middle of the new copy; its finished chunks stay. */
    @ParameterizedTest
    @CsvSource({"orders, 7", "'', 7", "'', 6"})
    void aNewCopyThatWasStoppedInTheMiddleGoesOnWithTheParameterAndWithoutIt(String parameter, int recorded)
            throws Exception {
        changelog.update(recorded);
        database.execute(
                "CREATE FUNCTION stop() RETURNS bool LANGUAGE plpgsql AS $$ BEGIN RAISE 'stopped'; END $$",
                "ALTER TABLE orders_202411 ADD CONSTRAINT stop CHECK (stop()) NOT VALID");
        assertThatThrownBy(() -> restartCopy("orders")).hasMessageContaining("stopped");
        assertThat(phase()).isEqualTo("copying");
        List<String> finished = database.queryStrings("SELECT from_block FROM partition_chunk ORDER BY 1");
        assertThat(finished).isNotEmpty();
        String kept = database.queryString("SELECT max(finished_at) FROM partition_chunk");
        database.execute("ALTER TABLE orders_202411 DROP CONSTRAINT stop");

        restartCopy(parameter);

        assertThat(timesStartedOver()).isEqualTo(1);
        assertThat(database.queryStrings(
                        "SELECT from_block FROM partition_chunk WHERE finished_at <= '" + kept + "' ORDER BY 1"))
                .isEqualTo(finished);
        assertThat(phase()).isEqualTo("verified");
        assertThat(rows("orders_new")).isEqualTo(rows("orders"));
    }

    /** So it can be taken back from there, too. */
    @Test
    void aNewCopyThatWasStoppedInTheMiddleIsTakenBackLikeTheFirst() throws Exception {
        changelog.update();
        database.execute(
                "CREATE FUNCTION stop() RETURNS bool LANGUAGE plpgsql AS $$ BEGIN RAISE 'stopped'; END $$",
                "ALTER TABLE orders_202411 ADD CONSTRAINT stop CHECK (stop()) NOT VALID");
        assertThatThrownBy(() -> restartCopy("orders")).hasMessageContaining("stopped");

        changelog.rollback("orders-before");

        assertThat(changelog.recorded()).isEmpty();
        assertThat(database.queryString("SELECT to_regclass('orders_new')")).isNull();
        assertThat(database.queryString("SELECT to_regclass('partition_migration')"))
                .isNull();
    }

    /** A rewrite, which no trigger sees: the test takes the way out that is printed when the rewrite is noticed. */
    @Test
    void whatAnAlterTableHasWrittenAnewIsInTheNewCopy() throws Exception {
        changelog.update();
        database.execute("ALTER TABLE orders ALTER COLUMN amount TYPE numeric(10,2) USING amount + 1");
        String before = rows("orders");

        restartCopy("orders");
        approveTheSwap();

        assertThat(rows("orders")).isEqualTo(before);
    }

    @Test
    void whereTheColumnsAreOthersItSaysThatAnotherCopyDoesNotHelpAndWhatDoes() throws Exception {
        changelog.update();
        long copied = database.queryLong("SELECT count(*) FROM orders_new");
        database.execute("ALTER TABLE orders ADD COLUMN note text");

        assertThatThrownBy(() -> restartCopy("orders"))
                .hasMessageContaining("The columns of public.orders changed since public.orders_new was made")
                .hasMessageContaining("liquibase rollback --tag=orders-before");
        assertThat(database.queryLong("SELECT count(*) FROM orders_new")).isEqualTo(copied);
        assertThat(phase()).isEqualTo("verified");

        changelog.rollback("orders-before");
        database.execute("ALTER TABLE orders DROP COLUMN note");
        changelog.update();
        approveTheSwap();
        assertThat(phase()).isEqualTo("swapped");
    }

    @Test
    void anIndexMadeAfterTheOthersIsThereOnceTheCopyIsStartedOverAsTheMessageSays() throws Exception {
        changelog.update();
        database.execute("CREATE INDEX orders_late ON orders (updated_at)");
        Throwable failure = catchThrowable(this::approveTheSwap);
        assertThat(failure).hasMessageContaining("Index orders_late of public.orders has no counterpart");
        changelog.parameter("swapApproved", NOTHING);

        restartCopy(remedyIn(failure));
        assertThat(phase()).isEqualTo("verified");
        approveTheSwap();

        assertThat(database.queryString(
                        "SELECT indrelid::regclass FROM pg_index WHERE indexrelid = 'orders_late'::regclass"))
                .isEqualTo("orders");
        assertThat(phase()).isEqualTo("swapped");
    }

    /**
     * Children that inherit, each partition's own keys, a table of other types; and after a swap that was taken back.
     */
    @ParameterizedTest
    @ValueSource(strings = {"routed-by-trigger", "nullable-date", "changed-types"})
    void startsOverWhateverTheNewTableIsLikeEvenAfterASwapThatWasTakenBack(String folder, @TempDir Path other)
            throws Exception {
        Changelog run = new Changelog(database, other).generated(folder, "");
        run.parameter("swapApproved", "all").update();
        run.parameter("swapApproved", NOTHING).parameter("swapBack", "all").update();
        assertThat(database.queryStrings("SELECT DISTINCT phase FROM partition_migration"))
                .containsExactly("verified");

        run.parameter("swapBack", NOTHING).parameter("restartCopy", "all").update();
        assertThat(run.lines()).anyMatch(line -> line.contains("is started over"));
        assertThat(database.queryStrings("SELECT DISTINCT phase FROM partition_migration"))
                .containsExactly("verified");
        run.parameter("restartCopy", NOTHING).parameter("swapApproved", "all").update();

        assertThat(database.queryStrings("SELECT DISTINCT phase FROM partition_migration"))
                .containsExactly("swapped");
    }

    @Test
    void afterTheSwapItIsSaidThatNothingIsStartedOver() throws Exception {
        changelog.update();
        approveTheSwap();
        database.execute("DELETE FROM databasechangelog WHERE id IN ('orders-swap', 'orders-swapped')");

        restartCopy("orders");

        assertThat(changelog.lines())
                .anyMatch(line -> line.contains("public.orders is swapped already, so its copy is not started over"));
        assertThat(phase()).isEqualTo("swapped");
    }

    /** By then every changeset that would start a copy over is recorded. */
    @Test
    void afterTheSwapItIsSaidWhatToDoInsteadWhateverIsRecorded() throws Exception {
        changelog.update();
        approveTheSwap();
        changelog.parameter("swapApproved", NOTHING);

        restartCopy("orders");

        assertThat(changelog.lines())
                .contains(
                        "public.orders is swapped already, so its copy is not started over. Leave out restartCopy; or take the swap back first (liquibase update -DswapBack=orders), then run update with -DrestartCopy=orders.");
        changelog.updateWith("swapBack", "orders");
        restartCopy("orders");
        assertThat(timesStartedOver()).isEqualTo(1);
        assertThat(phase()).isEqualTo("verified");
    }
}
