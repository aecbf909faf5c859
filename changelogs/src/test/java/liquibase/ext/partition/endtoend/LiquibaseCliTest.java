package liquibase.ext.partition.endtoend;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.file.Files;
import java.nio.file.Path;
import liquibase.ext.partition.testing.FreshDatabase;
import liquibase.ext.partition.testing.TestDatabase;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

@ExtendWith(FreshDatabase.class)
class LiquibaseCliTest {

    @TempDir
    Path directory;

    private Path changelog;

    @BeforeEach
    void plainChangelog() throws Exception {
        changelog = Files.writeString(directory.resolve("changelog.xml"), """
                <databaseChangeLog xmlns="http://www.liquibase.org/xml/ns/dbchangelog"
                                   xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance"
                                   xsi:schemaLocation="http://www.liquibase.org/xml/ns/dbchangelog
                                     http://www.liquibase.org/xml/ns/dbchangelog/dbchangelog-latest.xsd">
                  <changeSet id="before" author="test"><tagDatabase tag="before"/></changeSet>
                  <changeSet id="table" author="test">
                    <sql>CREATE TABLE ${name} (id bigint)</sql>
                    <rollback>DROP TABLE orders</rollback>
                  </changeSet>
                  <changeSet id="wait" author="test" labels="wait">
                    <sql>SELECT pg_sleep(600)</sql>
                  </changeSet>
                </databaseChangeLog>
                """);
    }

    private LiquibaseCli liquibase(String version, TestDatabase database) {
        return LiquibaseCli.version(version).changelog(changelog).database(database);
    }

    @ParameterizedTest
    @MethodSource("liquibase.ext.partition.endtoend.LiquibaseCli#versions")
    void updatesAndRollsBackWithTheVersionAskedFor(String version, TestDatabase database) {
        LiquibaseCli liquibase = liquibase(version, database);

        assertThat(liquibase.run("--version").requireSuccess().output()).contains(version);

        assertThat(liquibase
                        .updateSql("-Dname=orders", "--label-filter=!wait")
                        .requireSuccess()
                        .stdout())
                .contains("CREATE TABLE orders");

        liquibase.update("-Dname=orders", "--label-filter=!wait").requireSuccess();
        assertThat(database.queryLong("SELECT count(*) FROM orders")).isZero();
        assertThat(database.queryStrings("SELECT DISTINCT liquibase FROM databasechangelog"))
                .allMatch(version::startsWith);

        liquibase.rollback("before", "-Dname=orders").requireSuccess();
        assertThat(database.queryString("SELECT to_regclass('orders')")).isNull();
    }

    @ParameterizedTest
    @MethodSource("liquibase.ext.partition.endtoend.LiquibaseCli#versions")
    void tellsAFailureByItsExitCodeAndOutput(String version, TestDatabase database) {
        CliResult result = liquibase(version, database).update("-Dname=", "--label-filter=!wait");

        assertThat(result.requireFailure().output()).contains("syntax error");
    }

    @ParameterizedTest
    @MethodSource("liquibase.ext.partition.endtoend.LiquibaseCli#versions")
    void canBeKilledInTheMiddle(String version, TestDatabase database) {
        try (RunningCli update =
                liquibase(version, database).globalOption("--log-level=info").start("update", "-Dname=orders")) {
            update.awaitLine(line -> line.contains("changelog.xml::table::test ran successfully"));
            // That line comes before the changeset is recorded; the next changeset's statement comes after.
            database.awaitTrue("SELECT count(*) = 1 FROM pg_stat_activity WHERE query LIKE 'SELECT pg_sleep%'");

            CliResult result = update.kill();

            assertThat(result.exitCode()).isNotZero();
            assertThat(database.queryStrings("SELECT id FROM databasechangelog ORDER BY orderexecuted"))
                    .containsExactly("before", "table");
        }
    }
}
