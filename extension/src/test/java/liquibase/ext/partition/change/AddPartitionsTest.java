package liquibase.ext.partition.change;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.ArrayList;
import java.util.List;
import liquibase.command.CommandFailedException;
import liquibase.exception.LiquibaseException;
import liquibase.ext.partition.testing.TestDatabase;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;

/** The partitions ahead by every update, and what may change of a migration that has begun. */
@ExtendWith(FreshChangelog.class)
class AddPartitionsTest {
    private static final String KEY = "tableName=\"orders\" keyColumns=\"id\"";

    private TestDatabase database;
    private Changelog changelog;

    @BeforeEach
    void orders() {
        database.execute(
                "CREATE TABLE orders (id bigint PRIMARY KEY, note text, created_at timestamptz NOT NULL)",
                "INSERT INTO orders SELECT i, 'n', timestamptz '2024-01-01 00:00+00' + i % 60 * interval '1 day' FROM generate_series(1, 300) AS i",
                "ANALYZE orders");
    }

    private static String range(String until) {
        return "until=\"%s\"".formatted(until);
    }

    /** @param first the attributes of the first step that say which partitions there are */
    private static String changesets(String first, String reach, int steps) {
        List<String> changes = new ArrayList<>(List.of(
                "createPartitionedTable tableName=\"orders\" %s %s".formatted(first, reach),
                "captureChanges " + KEY,
                "chunkedCopy " + KEY,
                "buildIndexes tableName=\"orders\"",
                "replayChanges " + KEY,
                "verifyCopy " + KEY,
                "lockedSwap " + KEY,
                "dropBackup tableName=\"orders\""));
        StringBuilder xml =
                new StringBuilder("<preConditions><partition:tablesKnown swapApproved=\"\"/></preConditions>");
        for (String change : changes.subList(0, steps)) {
            xml.append(Changelog.changeset(change.substring(0, change.indexOf(' ')), change));
        }
        return xml + """
                <changeSet id="upkeep" author="test" labels="upkeep" runAlways="true" runInTransaction="false">
                  <partition:addPartitions tableName="orders" %s/>
                </changeSet>
                """.formatted(reach);
    }

    private static final String MONTHS = "partitionColumns=\"created_at\" from=\"2024-01\"";

    private void update(String reach, int steps) throws LiquibaseException {
        changelog.changesets(changesets(MONTHS, reach, steps)).update();
    }

    private List<String> partitions() {
        return database.queryStrings(
                "SELECT relname FROM pg_class WHERE relname LIKE 'orders\\_20%' AND relkind = 'r' ORDER BY 1");
    }

    @Test
    void aLaterEndTakesEffectWithTheNextUpdateHoweverFarTheMigrationIs() throws Exception {
        for (int steps = 1; steps <= 8; steps++) {
            update(range("2024-0" + (steps + 1)), steps);

            assertThat(partitions()).as("after step " + steps).hasSize(steps);
        }
        update(range("2025-01"), 8);
        assertThat(partitions()).hasSize(12);
        assertThat(database.queryLong("SELECT count(*) FROM orders_202402")).isPositive();
        assertThat(database.queryLong("SELECT count(*) FROM orders_default")).isZero();
        int lines = changelog.lines().size();
        update(range("2024-04"), 8);
        assertThat(changelog.lines().subList(lines, changelog.lines().size()))
                .noneMatch(line -> line.contains("addPartitions:"));
        assertThat(changelog.recorded()).hasSize(9);
    }

    /** A changelog that is written by hand may lack the precondition, which also knows what may change. */
    @Test
    void aLaterEndMakesNoOtherChecksumWithoutThePreconditionEither() throws Exception {
        for (String until : List.of("2024-03", "2024-05")) {
            changelog
                    .changesets(
                            changesets(MONTHS, range(until), 1).replaceFirst("<preConditions>.*</preConditions>", ""))
                    .update();
        }
        assertThat(partitions()).hasSize(4);
    }

    @Test
    void theFirstStepReckonsItsRangeWhenItRuns() throws Exception {
        update("ahead=\"2\"", 8);

        long months = database.queryLong("""
                SELECT 12 * (extract(year FROM now() AT TIME ZONE 'UTC') - 2024) + extract(month FROM now() AT TIME ZONE 'UTC') + 2""");
        assertThat(partitions()).hasSize((int) months);
        update("ahead=\"4\"", 8);
        assertThat(partitions()).hasSize((int) months + 2);
    }

    @Test
    void whatCannotChangeAnyMoreIsRefusedByNameAndNotByChecksum() throws Exception {
        update(range("2024-05"), 2);

        for (String other : List.of(
                "partitionColumns=\"created_at\" from=\"2023-12\"",
                "partitionColumns=\"created_at\" from=\"2024-01\" interval=\"quarter\"",
                "partitionColumns=\"created_at\" from=\"2024-01\" combinedColumn=\"day\"")) {
            assertThatThrownBy(() -> changelog
                            .changesets(changesets(other, "until=\"2025-01\"", 8))
                            .update())
                    .hasStackTraceContaining(
                            "The migration of public.orders has begun, and these cannot change any more: ")
                    .hasStackTraceContaining("Nothing was done")
                    .message()
                    .doesNotContain("check sum");
        }
        assertThatThrownBy(() -> changelog
                        .changesets(changesets("partitionColumns=\"created_at\" from=\"2023-12\"", range("2024-05"), 8))
                        .update())
                .hasStackTraceContaining("from is 2023-12-01 here and was 2024-01-01");
        assertThat(changelog.recorded()).hasSize(3);
    }

    private void updateWithColumns(String columns, int steps) throws LiquibaseException {
        String reach = range("2024-05");
        String first = "createPartitionedTable tableName=\"orders\" %s %s".formatted(MONTHS, reach);
        changelog
                .changesets(changesets(MONTHS, reach, steps)
                        .replace(first + "/>", first + ">" + columns + "</partition:createPartitionedTable>"))
                .update();
    }

    private static String column(String name, String type) {
        return "<partition:column name=\"%s\" type=\"%s\"/>".formatted(name, type);
    }

    @Test
    void aTypeThatAColumnIsToHaveOnlyNowIsRefusedByName() throws Exception {
        updateWithColumns(column("note", "text"), 2);

        assertThatThrownBy(() -> updateWithColumns(column("note", "varchar(20)"), 8))
                .hasStackTraceContaining(
                        "The migration of public.orders has begun, and these cannot change any more: column note becomes varchar(20) here and was left as it is, text.")
                .message()
                .doesNotContain("check sum");
        assertThatThrownBy(() ->
                        updateWithColumns("<partition:column name=\"note\" type=\"text\" using=\"upper(note)\"/>", 8))
                .hasStackTraceContaining("column note becomes text using upper(note) here");
        assertThatThrownBy(() -> updateWithColumns(column("remark", "text"), 8))
                .hasStackTraceContaining("column remark is given a type here, and there is no such column");
        assertThat(changelog.recorded()).hasSize(3);
    }

    /** As when a deployment adds a column to the live table, and the config lists it from then on. */
    @Test
    void aColumnThatIsListedWithTheTypeThatItHasChangesNothing() throws Exception {
        updateWithColumns(column("note", "text"), 8);
        database.execute("ALTER TABLE orders ADD COLUMN late timestamp with time zone");

        updateWithColumns(column("id", "int8") + column("note", "text") + column("late", "timestamptz"), 8);
        updateWithColumns("", 8);

        assertThat(changelog.recorded()).hasSize(9);
    }

    @Test
    void aTableThatOthersHavePartitionedIsRefused() throws Exception {
        database.execute("CREATE TABLE events (at timestamptz NOT NULL) PARTITION BY RANGE (at)");
        String upkeep =
                "<changeSet id=\"upkeep\" author=\"test\" runAlways=\"true\" runInTransaction=\"false\"><partition:addPartitions tableName=\"%s\" ahead=\"2\"/></changeSet>";

        for (String state : List.of("without state tables", "with state tables")) {
            assertThatThrownBy(() ->
                            changelog.changesets(upkeep.formatted("events")).update())
                    .as(state)
                    .hasMessageContainingAll(
                            "public.events is partitioned already, and no migration of it is recorded in public.partition_migration",
                            "Nothing was made",
                            "let whatever has partitioned the table make its partitions");
            changelog.changesets(changesets(MONTHS, range("2024-05"), 1)).update();
        }
        changelog.changesets(upkeep.formatted("customers")).update();
    }

    @Test
    void theCommandTellsOfTheTableAndEndsWithACodeOfItsOwnWherePartitionsAreMissing() throws Exception {
        update("ahead=\"2\"", 8);
        changelog.status(true);
        assertThat(changelog.lines())
                .anyMatch(
                        line -> line.startsWith("public.orders: swapped") || line.startsWith("public.orders: dropped"))
                .anyMatch(line -> line.startsWith("  Ahead: 2 months after the present one have a partition"));
        String last = partitions().get(partitions().size() - 1);
        database.execute("DROP TABLE " + last);

        changelog.status(false);
        assertThatThrownBy(() -> changelog.status(true))
                .cause()
                .isInstanceOf(CommandFailedException.class)
                .hasMessageContaining("partition-status --check: public.orders misses " + last + "; ahead is 2.")
                .extracting(it -> ((CommandFailedException) it).getExitCode())
                .isEqualTo(2);
        assertThat(changelog.lines()).anyMatch(line -> line.startsWith("  Attention: public.orders misses " + last));
        update("ahead=\"2\"", 8);
        changelog.status(true);
    }

    @Test
    void eitherAheadOrUntilIsGiven() {
        assertThatThrownBy(() -> update("", 1)).hasMessageContaining("Neither ahead nor until is given");
        assertThatThrownBy(() -> update("ahead=\"1\" until=\"2025-01\"", 1))
                .hasMessageContaining("ahead and until are both given");
        assertThatThrownBy(() -> update("ahead=\"some\"", 1)).hasMessageContaining("ahead is <some>");
        assertThatThrownBy(() -> update("until=\"soon\"", 1)).hasMessageContaining("until is <soon>");
        assertThat(partitions()).isEmpty();
    }

    @Test
    void aRollbackLeavesThePartitionsThatWereMade() throws Exception {
        update(range("2024-03"), 8);
        update(range("2024-06"), 8);

        changelog.rollback(1);

        assertThat(partitions()).hasSize(5);
        update(range("2024-06"), 8);
        assertThat(changelog.recorded()).hasSize(9);
    }
}
