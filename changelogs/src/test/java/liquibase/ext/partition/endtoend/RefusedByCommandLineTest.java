package liquibase.ext.partition.endtoend;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.file.Files;
import java.nio.file.Path;
import liquibase.ext.partition.testing.FreshDatabase;
import liquibase.ext.partition.testing.TestDatabase;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/**
 * Each version passes our refusals on, and ends with a failure; the refusals themselves are tested in the extension.
 */
@ExtendWith(FreshDatabase.class)
class RefusedByCommandLineTest {

    @TempDir
    Path directory;

    private CliResult update(String version, TestDatabase database, String changes) throws Exception {
        Path changelog = Files.writeString(directory.resolve("changelog.yaml"), """
                databaseChangeLog:
                  - changeSet:
                      id: capture
                      author: test
                      changes:
                %s
                """.formatted(changes.indent(8)));
        return LiquibaseCli.version(version)
                .changelog(changelog)
                .database(database)
                .update()
                .requireFailure();
    }

    @ParameterizedTest
    @MethodSource("liquibase.ext.partition.endtoend.LiquibaseCli#versions")
    void whatIsWrongIsPrintedAndNothingIsMade(String version, TestDatabase database) throws Exception {
        database.execute("CREATE TABLE orders (id bigint PRIMARY KEY, created_at timestamptz NOT NULL)");

        assertThat(update(version, database, """
                - captureChanges: {tableName: orders, keyColumns: id, lockTimeOut: 1s}
                """).output())
                .contains("captureChanges has no attribute lockTimeOut. Did you mean lockTimeout?");
        assertThat(update(version, database, """
                - captureChanges: {tableName: orders, keyColumns: id, lockTimeout: soon}
                """).output())
                .contains("lockTimeout is <soon>")
                .contains("Set runInTransaction=\"false\" on changeset capture");
        assertThat(update(version, database, """
                - createPartitionedTable: {tableName: ordres, partitionColumns: created_at, from: 2024-01, until: 2024-03}
                """).output())
                .contains("There is no table public.ordres in this database. Nothing was changed.");

        assertThat(Migrated.everything(database))
                .containsExactly("relation public.orders", "relation public.orders_pkey");
        assertThat(database.queryStrings("SELECT relname FROM pg_class WHERE relname ~ '^partition_(mig|chu|pro)'"))
                .isEmpty();
    }
}
