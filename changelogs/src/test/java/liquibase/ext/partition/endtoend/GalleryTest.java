package liquibase.ext.partition.endtoend;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.file.Files;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;
import liquibase.ext.partition.testing.FreshDatabase;
import liquibase.ext.partition.testing.TestDatabase;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;

/**
 * For every scenario of the gallery, checks that the generator makes it from its config, and that it does what it is
 * meant to show.
 */
@ExtendWith(FreshDatabase.class)
class GalleryTest {

    /** Each scenario on one version, taking turns; the first scenario on every version. */
    static Stream<Arguments> scenariosAndVersions() {
        List<String> versions = LiquibaseCli.versions().toList();
        List<Arguments> pairs = new ArrayList<>();
        versions.forEach(version -> pairs.add(Arguments.of(Scenario.named("orders"), version)));
        Scenario.all()
                .filter(scenario -> !scenario.name().equals("orders") && !scenario.isExchange())
                .forEach(scenario -> pairs.add(Arguments.of(scenario, versions.get(pairs.size() % versions.size()))));
        return pairs.stream();
    }

    static Stream<Arguments> exchangesAndVersions() {
        return LiquibaseCli.versions()
                .flatMap(version ->
                        Scenario.all().filter(Scenario::isExchange).map(scenario -> Arguments.of(scenario, version)));
    }

    @Test
    void hasTheScenariosItsReadMeLists() throws Exception {
        String readMe = Files.readString(RunningCli.target().getParent().resolve("README.md"));

        assertThat(Scenario.all()).isNotEmpty().allMatch(scenario -> readMe.contains("(" + scenario + "/)"));
    }

    @ParameterizedTest
    @MethodSource("liquibase.ext.partition.endtoend.Scenario#all")
    void isWhatTheGeneratorMakesOfItsConfig(Scenario scenario) {
        List<String> command = new ArrayList<>(List.of(
                "generate",
                "--config=" + scenario.directory().resolve("tables.yaml"),
                "--output=" + scenario.directory(),
                "--format=" + scenario.format()));
        if (!Boolean.getBoolean("gallery.update")) {
            command.add("--check");
        }
        GeneratorCli.runWarm(command.toArray(String[]::new)).requireSuccess();
    }

    @ParameterizedTest
    @MethodSource("scenariosAndVersions")
    void goesToTheSwapAndBackAndToTheDropWithEveryRowUnderLiveWriters(
            Scenario scenario, String version, TestDatabase database) {
        Story story = Stories.of(scenario);
        scenario.prepare(database);
        Map<String, List<String>> shapes = new HashMap<>();
        for (String table : Migrated.tables(database)) {
            shapes.put(table, Migrated.shape(database, table));
        }
        List<String> everything = Migrated.everything(database);
        LiquibaseCli liquibase = LiquibaseCli.version(version)
                .warm()
                .changelog(scenario.changelog())
                .database(database);

        try (LiveWriters writers = new LiveWriters(story, database)) {
            Map<String, String> untouched = writers.tablesWithoutWriters();

            CliResult pending = liquibase.update().requireSuccess();
            List<Migrated> tables = Migrated.all(database);
            assertThat(tables).isNotEmpty();
            story.assertTold(pending.output());
            writers.write();
            writers.whilePaused(() -> {
                for (Migrated table : tables) {
                    assertThat(pending.output())
                            .contains("The swap of " + unquoted(table.table()) + " waits for approval")
                            .contains("ALTER TABLE " + quoted(table.table()) + " RENAME TO ");
                    assertAsBefore(table, shapes);
                }
            });

            liquibase.update("-DswapApproved=all").requireSuccess();
            writers.write();
            writers.whilePaused(() -> assertLive(story, tables, shapes));

            liquibase.rollback(firstTagOfASwap(database)).requireSuccess();
            writers.write();
            writers.whilePaused(() -> tables.forEach(table -> assertAsBefore(table, shapes)));

            liquibase.update("-DswapApproved=all").requireSuccess();
            writers.write();
            writers.whilePaused(() -> assertLive(story, tables, shapes));

            liquibase.update("-DdropApproved=all").requireSuccess();
            writers.write();
            writers.whilePaused(() -> assertLive(story, tables, shapes));
            Story.assertDifference(
                    "what the migration leaves", everything, Migrated.everything(database), story.leaves());

            // The upkeep runs always, and finds nothing to do.
            String others = "(SELECT * FROM databasechangelog WHERE id NOT LIKE '%-upkeep')";
            String recorded = Migrated.contents(database, others);
            CliResult nothing = liquibase.update().requireSuccess();
            assertThat(nothing.output().lines().filter(line -> line.contains("Running Changeset")))
                    .hasSameSizeAs(tables)
                    .allMatch(line -> line.contains("-upkeep::"));
            assertThat(nothing.output()).doesNotContain("addPartitions:");
            assertThat(Migrated.contents(database, others)).isEqualTo(recorded);
            writers.stopAndAssertNothingLost();
            untouched.forEach((table, expected) ->
                    assertThat(Migrated.contents(database, table)).as(table).isEqualTo(expected));
        }
    }

    /** Every partition of every table, with its bound. */
    private static List<String> partitions(TestDatabase database) {
        return database.queryStrings("""
                SELECT i.inhparent::regclass || ': ' || c.relname || ' ' || pg_get_expr(c.relpartbound, c.oid)
                FROM pg_inherits AS i JOIN pg_class AS c ON c.oid = i.inhrelid
                WHERE c.relkind = 'r' AND c.relispartition AND i.inhparent::regclass::text NOT LIKE '%_new' ORDER BY 1""");
    }

    @ParameterizedTest
    @MethodSource("exchangesAndVersions")
    void exchangesAPartitionThereAndBackAndDropsItWithEveryRowUnderLiveWriters(
            Scenario scenario, String version, TestDatabase database) {
        Story story = Stories.of(scenario);
        scenario.prepare(database);
        List<String> before = partitions(database);
        LiquibaseCli liquibase = LiquibaseCli.version(version)
                .warm()
                .changelog(scenario.changelog())
                .database(database);

        try (LiveWriters writers = new LiveWriters(story, database)) {
            CliResult pending = liquibase.update().requireSuccess();
            writers.write();
            assertThat(pending.output()).contains("waits for approval").contains(" DETACH PARTITION ");
            assertThat(partitions(database)).isEqualTo(before);

            liquibase.update("-DswapApproved=all").requireSuccess();
            List<String> after = partitions(database);
            writers.write();
            assertThat(after).isNotEqualTo(before);
            writers.whilePaused(() -> story.assertShown(database));

            liquibase.rollback(firstTagOfASwap(database)).requireSuccess();
            writers.write();
            assertThat(partitions(database)).isEqualTo(before);

            liquibase.update("-DswapApproved=all").requireSuccess();
            liquibase.update("-DdropApproved=all").requireSuccess();
            writers.write();
            assertThat(partitions(database)).isEqualTo(after);
            writers.whilePaused(() -> story.assertShown(database));
            assertThat(
                            database.queryStrings(
                                    "SELECT relname FROM pg_class WHERE relkind IN ('r', 'p') AND relname ~ '_(new|old|delta)'"))
                    .isEmpty();

            String recorded = Migrated.contents(database, "databasechangelog");
            liquibase.update().requireSuccess();
            assertThat(Migrated.contents(database, "databasechangelog")).isEqualTo(recorded);
            writers.stopAndAssertNothingLost();
        }
    }

    private static void assertAsBefore(Migrated table, Map<String, List<String>> shapes) {
        assertThat(table.isPartitioned()).isFalse();
        assertThat(table.shape()).isEqualTo(shapes.get(table.table()));
        assertThat(table.sequencesBehindTheirColumn()).isEmpty();
    }

    private static void assertLive(Story story, List<Migrated> tables, Map<String, List<String>> shapes) {
        for (Migrated table : tables) {
            assertThat(table.isPartitioned()).isTrue();
            Story.assertDifference(
                    "what the swap changes in " + table.table(),
                    shapes.get(table.table()),
                    table.shape(),
                    story.changes(table.table()));
            assertThat(table.sequencesBehindTheirColumn()).isEmpty();
        }
        story.assertShown(tables.get(0).database());
    }

    /** With several tables, the tag of the first swap: a rollback undoes everything that ran after the tag. */
    private static String firstTagOfASwap(TestDatabase database) {
        return database.queryString(
                "SELECT tag FROM databasechangelog WHERE tag LIKE '%-before-swap' ORDER BY dateexecuted, orderexecuted LIMIT 1");
    }

    /** The form of a name in our messages. */
    private static String unquoted(String table) {
        return table.replace("\"", "");
    }

    /** The form of a name in our statements. */
    private static String quoted(String table) {
        return "\"" + unquoted(table).replace(".", "\".\"") + "\"";
    }
}
