package liquibase.ext.partition.endtoend;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.file.Files;
import java.nio.file.Path;
import liquibase.ext.partition.testing.FreshDatabase;
import liquibase.ext.partition.testing.TestDatabase;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** Includes the folder that generate has written in a changelog that includes all files of a folder. */
@ExtendWith(FreshDatabase.class)
class IncludeAllTest {

    private static final Scenario TWO_TABLES = Scenario.named("two-tables");

    @TempDir
    Path directory;

    @ParameterizedTest
    @CsvSource({
        "xml,  yaml, 0, root.xml,    <includeAll path=\"db/shop/\"/>",
        "yaml, xml,  1, db/root.xml, <includeAll path=\"shop/\" relativeToChangelogFile=\"true\"/>"
    })
    void everyChangesetIsThereOnce(
            String format, String earlier, int version, String root, String includeAll, TestDatabase database)
            throws Exception {
        TWO_TABLES.prepare(database);
        generate(earlier);
        generate(format);
        Files.writeString(directory.resolve(root), """
                <databaseChangeLog xmlns="http://www.liquibase.org/xml/ns/dbchangelog"
                    xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance"
                    xsi:schemaLocation="http://www.liquibase.org/xml/ns/dbchangelog
                        http://www.liquibase.org/xml/ns/dbchangelog/dbchangelog-latest.xsd">
                  %s
                </databaseChangeLog>
                """.formatted(includeAll));
        LiquibaseCli liquibase = LiquibaseCli.version(
                        LiquibaseCli.versions().toList().get(version))
                .warm()
                .database(database)
                .environment("LIQUIBASE_SEARCH_PATH", directory.toString())
                .environment("LIQUIBASE_COMMAND_CHANGELOG_FILE", root);
        String orders = Migrated.contents(database, "orders");
        String payments = Migrated.contents(database, "payments");

        liquibase.update("-DswapApproved=all").requireSuccess();

        assertThat(Migrated.all(database)).hasSize(2).allMatch(Migrated::isPartitioned);
        assertThat(database.queryStrings("SELECT DISTINCT filename FROM databasechangelog ORDER BY 1"))
                .containsExactly("liquibase-partition/orders", "liquibase-partition/payments");

        liquibase.update("-DswapBack=orders").requireSuccess();
        assertThat(Migrated.isPartitioned(database, "orders")).isFalse();
        assertThat(Migrated.isPartitioned(database, "payments")).isTrue();

        liquibase.rollback("orders-before").requireSuccess();
        assertThat(database.queryLong("SELECT count(*) FROM databasechangelog")).isZero();
        assertThat(Migrated.contents(database, "orders")).isEqualTo(orders);
        assertThat(Migrated.contents(database, "payments")).isEqualTo(payments);
    }

    private void generate(String format) {
        GeneratorCli.in(directory)
                .run(
                        "generate",
                        "--config",
                        TWO_TABLES
                                .directory()
                                .resolve("tables.yaml")
                                .toAbsolutePath()
                                .toString(),
                        "--output",
                        "db/shop",
                        "--format",
                        format)
                .requireSuccess();
    }
}
