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

/** A pipeline with a time limit, and every setting that a table config has. */
@ExtendWith(FreshDatabase.class)
class TimeLimitTest {
    private static final String CONFIG = """
            defaults:
              chunkTime: 1s
              workers: 2
              pauseBetweenChunks: 10ms
              maxReplicaLag: 10s
              maxLoad: 1000
              throttleQuery: SELECT count(*) > 100 AND 'a & "b" <> c' IS NOT NULL FROM orders WHERE id < 0
              window: 00:00-24:00 Europe/Berlin
              maxDuration: 1ms
              lockTimeout: 500ms
              lockAttempts: 60
              maxDrainRows: 2000
              waitForOldTransactions: 10min
              onOldTransactions: stop
            tables:
              - tableName: orders
                keyColumns: [id]
                partitionBy: {columns: [created_at], from: 2024-01, until: 2025-01}
                # There is no replica.
                maxReplicaLag: off
            """;

    @TempDir
    Path directory;

    /** The older version with XML, the newer with YAML. */
    @ParameterizedTest
    @MethodSource("liquibase.ext.partition.endtoend.LiquibaseCli#versions")
    void whoseTimeIsOverEndsWithWhatItHasAndTheNextOneGoesOn(String version, TestDatabase database) throws Exception {
        Scenario.named("orders").prepare(database);
        String format = LiquibaseCli.versions().toList().indexOf(version) == 0 ? "xml" : "yaml";
        Files.writeString(directory.resolve("tables.yaml"), CONFIG);
        GeneratorCli.in(directory)
                .run("generate", "--config", "tables.yaml", "--output", "out", "--format", format)
                .requireSuccess();
        LiquibaseCli liquibase = LiquibaseCli.version(version)
                .changelog(directory.resolve("out/changelog." + format))
                .database(database);

        CliResult ended = liquibase.update("-DswapApproved=orders").requireFailure();

        assertThat(ended.exitCode()).isEqualTo(1);
        assertThat(ended.output())
                .contains("maxDuration is over", "What is done is kept, and capture goes on. Run update again");
        assertThat(recorded(database)).containsExactly("orders-before", "orders-prepare", "orders-capture");
        assertThat(database.queryString("SELECT string_agg(locked::text, ',') FROM databasechangeloglock"))
                .isEqualTo("false");
        assertThat(database.queryString("SELECT phase FROM partition_migration"))
                .isEqualTo("copying");
        database.execute("UPDATE orders SET status = 'paid' WHERE id % 50 = 0");
        String contents = Migrated.contents(database, "orders");

        CliResult completed = liquibase
                .environment("LIQUIBASE_PARTITION_MAX_DURATION", "30min")
                .update("-DswapApproved=orders", "-DdropApproved=orders")
                .requireSuccess();

        assertThat(completed.output()).doesNotContain("maxDuration");
        assertThat(recorded(database)).hasSize(12).endsWith("orders-drop", "orders-upkeep");
        assertThat(Migrated.contents(database, "orders")).isEqualTo(contents);
    }

    private static List<String> recorded(TestDatabase database) {
        return database.queryStrings("SELECT id FROM databasechangelog ORDER BY orderexecuted");
    }
}
