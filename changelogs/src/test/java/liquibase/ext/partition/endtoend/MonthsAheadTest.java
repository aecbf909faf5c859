package liquibase.ext.partition.endtoend;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import liquibase.ext.partition.testing.FreshDatabase;
import liquibase.ext.partition.testing.TestDatabase;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/**
 * A table in service, and the pipeline that keeps it in shape. Nothing can move the server's clock; so weeks have
 * passed when the last months are taken away.
 */
@ExtendWith(FreshDatabase.class)
class MonthsAheadTest {
    @TempDir
    private Path directory;

    private static List<String> months(TestDatabase database) {
        return database.queryStrings("""
                SELECT c.relname FROM pg_inherits AS i JOIN pg_class AS c ON c.oid = i.inhrelid
                JOIN pg_namespace AS n ON n.oid = c.relnamespace
                WHERE i.inhparent = 'orders'::regclass AND n.nspname = 'order_months' AND c.relname <> 'orders_default' ORDER BY 1""");
    }

    @ParameterizedTest
    @MethodSource("liquibase.ext.partition.endtoend.LiquibaseCli#versions")
    void weeksLaterTheSameChangelogMakesTheMonthsThatAreMissing(String version, TestDatabase database)
            throws Exception {
        Scenario ahead = Scenario.named("ahead");
        ahead.prepare(database);
        // It asks the database, and needs no changelog.
        LiquibaseCli monitoring = LiquibaseCli.version(version).database(database);
        LiquibaseCli status = monitoring.warm();
        LiquibaseCli liquibase = status.changelog(ahead.changelog());
        liquibase.update("-DswapApproved=orders", "-DdropApproved=orders").requireSuccess();
        assertThat(status.run("partition-status", "--check").requireSuccess().output())
                .contains("Ahead: 3 months after the present one have a partition", "ahead is 3");
        List<String> months = months(database);
        List<String> last = months.subList(months.size() - 2, months.size());
        last.forEach(month -> database.execute("DROP TABLE order_months." + month));

        try (LiveWriters writers = new LiveWriters(Stories.of(ahead), database)) {
            writers.write();
            // A process of its own, whose exit code is that of the command.
            CliResult check = monitoring.run("partition-status", "--check");
            assertThat(check.exitCode()).as(check.toString()).isEqualTo(2);
            assertThat(check.output())
                    .contains("public.orders misses %s, %s; ahead is 3.".formatted(last.get(0), last.get(1)));

            CliResult upkeep = liquibase.update("--label-filter=upkeep").requireSuccess();

            assertThat(upkeep.output())
                    .contains("public.orders has partitions %s and %s now".formatted(last.get(0), last.get(1)));
            assertThat(months(database)).isEqualTo(months);
            status.run("partition-status", "--check").requireSuccess();
            writers.write();
            writers.stopAndAssertNothingLost();
        }

        // A month more for each deployment: the same changesets, whatever they have run with.
        String config = Files.readString(ahead.directory().resolve("tables.yaml"));
        Files.writeString(directory.resolve("tables.yaml"), config.replace("ahead: 3", "ahead: 5"));
        GeneratorCli.runWarm(
                        "generate",
                        "--config=" + directory.resolve("tables.yaml"),
                        "--output=" + directory.resolve("out"))
                .requireSuccess();
        LiquibaseCli later = liquibase.changelog(directory.resolve("out/changelog.xml"));
        later.update().requireSuccess();
        assertThat(months(database)).hasSize(months.size() + 2);
        assertThat(status.run("partition-status", "--check").requireSuccess().output())
                .contains("Ahead: 5 months after the present one have a partition", "ahead is 5");
    }
}
