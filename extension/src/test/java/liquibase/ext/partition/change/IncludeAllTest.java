package liquibase.ext.partition.change;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.catchThrowable;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import liquibase.exception.LiquibaseException;
import liquibase.ext.partition.testing.FreshDatabase;
import liquibase.ext.partition.testing.TestDatabase;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.api.io.TempDir;

/** A folder that generate has written, in a changelog that includes all of a folder. */
@ExtendWith(FreshDatabase.class)
class IncludeAllTest {
    private static final Path GENERATED = Path.of("../changelogs/empty-table");

    @Test
    void aFileThatIsIncludedTwiceIsNamedAndWhatIsAdvisedWorks(TestDatabase database, @TempDir Path directory)
            throws IOException, LiquibaseException {
        Path folder = Files.createDirectories(directory.resolve("db/shop"));
        try (var files = Files.list(GENERATED)) {
            for (Path file : files.filter(it -> it.toString().endsWith(".xml")).toList()) {
                Files.copy(file, folder.resolve(file.getFileName()));
            }
        }
        database.execute(Files.readString(GENERATED.resolve("before.sql")));
        String table = folder.toFile().list((parent, name) -> !name.equals("changelog.xml"))[0];
        String includeAll = "<includeAll path=\"db\"/>";
        Changelog changelog = new Changelog(database, directory).changesets(includeAll);

        String message = catchThrowable(changelog::update).getMessage();

        assertThat(message)
                .contains("duplicate identifiers")
                .contains(
                        "db/shop/" + table
                                + " is included twice. Where includeAll is over its folder, the root there includes it once more: give includeAll endsWithFilter=\"/changelog.xml\", or include db/shop/changelog.xml alone.");
        assertThat(changelog.recorded()).isEmpty();

        Matcher filter = Pattern.compile("endsWithFilter=\"[^\"]*\"").matcher(message);
        assertThat(filter.find()).isTrue();
        changelog
                .changesets(includeAll.replace("/>", " " + filter.group() + "/>"))
                .update(2);
        List<String> recorded = changelog.recorded();
        assertThat(recorded).hasSize(2);

        Matcher include = Pattern.compile("include (\\S+) alone").matcher(message);
        assertThat(include.find()).isTrue();
        changelog
                .changesets("<include file=\"%s\"/>".formatted(include.group(1)))
                .update(1);
        assertThat(changelog.recorded()).hasSize(3).containsAll(recorded);
    }
}
