package liquibase.ext.partition.endtoend;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import liquibase.ext.partition.testing.FreshDatabase;
import liquibase.ext.partition.testing.TestDatabase;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** A rollback by the real command line undoes no changeset that another team has added to the same changelog. */
@ExtendWith(FreshDatabase.class)
class SwapBackTest {

    private static final Scenario ORDERS = Scenario.named("orders");

    @TempDir
    Path directory;

    @ParameterizedTest
    @MethodSource("liquibase.ext.partition.endtoend.LiquibaseCli#versions")
    void whatOthersDeployBetweenCopyAndSwapAndAfterTheSwapIsLeftAlone(String version, TestDatabase database)
            throws Exception {
        ORDERS.prepare(database);
        Files.copy(ORDERS.changelog(), directory.resolve("changelog.xml"));
        LiquibaseCli liquibase = LiquibaseCli.version(version)
                .changelog(deployed("deployed_between"))
                .database(database);
        String contents = Migrated.contents(database, "orders");

        liquibase.update().requireSuccess();
        deployed("deployed_between", "deployed_after");
        CliResult swapped = liquibase.update("-DswapApproved=orders").requireSuccess();
        assertThat(swapped.output()).contains("liquibase update -DswapBack=orders");
        assertThat(Migrated.isPartitioned(database, "orders")).isTrue();

        CliResult back =
                liquibase.update("-DswapBack=orders", "-DdropApproved=orders").requireSuccess();
        assertThat(back.output()).contains("The swap of public.orders is taken back, and no other changeset");
        assertOnlyTheSwapIsUndone(database, contents);

        CliResult again = liquibase
                .update("-DrestartCopy=orders", "-DswapApproved=orders")
                .requireSuccess();
        assertThat(again.output()).containsOnlyOnce("the copy of public.orders is started over");
        assertThat(Migrated.isPartitioned(database, "orders")).isTrue();
        assertThat(Migrated.contents(database, "orders")).isEqualTo(contents);

        liquibase.rollback("orders-before-swap").requireSuccess();
        assertOnlyTheSwapIsUndone(database, contents);
    }

    private static void assertOnlyTheSwapIsUndone(TestDatabase database, String contents) {
        assertThat(Migrated.isPartitioned(database, "orders")).isFalse();
        assertThat(Migrated.contents(database, "orders")).isEqualTo(contents);
        assertThat(
                        database.queryStrings(
                                "SELECT relname FROM pg_class WHERE relname IN ('deployed_between', 'deployed_after') ORDER BY 1"))
                .containsExactly("deployed_after", "deployed_between");
    }

    /** Everybody's changelog, with another team's tables. */
    private Path deployed(String... tables) throws IOException {
        StringBuilder root = new StringBuilder("""
                databaseChangeLog:
                  - include:
                      file: changelog.xml
                      relativeToChangelogFile: true
                """);
        for (String table : tables) {
            root.append("""
                      - changeSet:
                          id: %1$s
                          author: another team
                          changes:
                            - createTable:
                                tableName: %1$s
                                columns:
                                  - column:
                                      name: id
                                      type: int
                    """.formatted(table));
        }
        return Files.writeString(directory.resolve("root.yaml"), root);
    }
}
