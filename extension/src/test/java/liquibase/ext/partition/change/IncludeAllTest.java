package liquibase.ext.partition.change;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.catchThrowable;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import liquibase.exception.LiquibaseException;
import liquibase.ext.partition.testing.TestDatabase;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;

/** A generated changelog in a changelog that includes all of its folder. */
@ExtendWith(FreshChangelog.class)
class IncludeAllTest {
    private static final Path GENERATED = Path.of("../changelogs/empty-table/changelog.xml");

    private TestDatabase database;
    private Changelog changelog;
    private Path folder;

    @BeforeEach
    void generated() throws IOException {
        database.execute(Files.readString(GENERATED.resolveSibling("before.sql")));
        folder = Files.createDirectories(changelog.directory().resolve("db/shop"));
        Files.copy(GENERATED, folder.resolve("changelog.xml"));
        changelog.changesets("<includeAll path=\"db/shop/\"/>");
    }

    @Test
    void twoFilesWithTheSameChangesetsAreNamedAndDeletingOneHelps() throws Exception {
        Path other = Files.copy(GENERATED, folder.resolve("orders.xml"));

        assertThat(catchThrowable(changelog::update))
                .hasMessageContaining("duplicate identifiers")
                .hasMessageContaining(
                        "db/shop/changelog.xml and db/shop/orders.xml have the same changesets. Delete, or do not include, all of them but one: that which generate writes.");
        assertThat(changelog.recorded()).isEmpty();

        Files.delete(other);
        changelog.update(2);
        assertThat(changelog.recorded()).containsExactly("orders-before", "orders-prepare");
    }

    @Test
    void aFileThatIsIncludedTwiceIsNamedAndIncludingItOnceHelps() throws Exception {
        String include = "<include file=\"db/shop/changelog.xml\"/>";
        String includeAll = "<includeAll path=\"db/shop/\"/>";
        changelog.changesets(include + includeAll);

        assertThat(catchThrowable(changelog::update))
                .hasMessageContaining("duplicate identifiers")
                .hasMessageContaining(
                        "db/shop/changelog.xml is included more than once. Include it by itself, or let includeAll do it, and not both.");
        assertThat(changelog.recorded()).isEmpty();

        changelog.changesets(include).update(1);
        changelog.changesets(includeAll).update(1);
        assertThat(changelog.recorded()).containsExactly("orders-before", "orders-prepare");
    }

    /** The changelog was a root with a file per table, each file with its own identity. */
    @Test
    void whatWasRunAsATablesOwnFileIsNotRunAgain() throws IOException, LiquibaseException {
        String identity = " logicalFilePath=\"liquibase-partition/orders\"";
        Path file = folder.resolve("changelog.xml");
        String now = Files.readString(file);
        Files.writeString(
                file,
                now.replaceAll("\\s+" + identity.strip(), "")
                        .replace("<databaseChangeLog ", "<databaseChangeLog" + identity + " "));
        changelog.parameter("swapApproved", "orders").update();
        List<String> recorded = changelog.recorded();
        assertThat(recorded).endsWith("orders-swap", "orders-swapped");

        Files.writeString(file, now);
        changelog.update();

        assertThat(changelog.recorded()).isEqualTo(recorded);
        changelog.rollback("orders-before");
        assertThat(changelog.recorded()).isEmpty();
    }
}
