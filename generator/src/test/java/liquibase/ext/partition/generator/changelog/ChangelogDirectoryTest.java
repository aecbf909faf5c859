package liquibase.ext.partition.generator.changelog;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.FileTime;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class ChangelogDirectoryTest {
    private static final ChangelogFile CHANGELOG = xml("one\ntwo\nthree\n");
    private static final ChangelogFile ORDERS = ofTables("changelog.xml", "orders", "payments");

    @TempDir
    private Path temporary;

    @Test
    void makesTheDirectoryAndItsParents() throws Exception {
        ChangelogDirectory directory = new ChangelogDirectory(temporary.resolve("changelogs/shop"));
        ChangelogFile changelog = xml("größe\n");

        assertThat(directory.write(changelog))
                .isEqualTo(new ChangelogDirectory.Written(true, List.of(), List.of(), List.of(), List.of()));
        assertThat(directory.path().resolve("changelog.xml"))
                .hasBinaryContent(changelog.text().getBytes(StandardCharsets.UTF_8));
        assertThat(names(directory.path())).containsExactly("changelog.xml");
    }

    @Test
    void doesNotTouchWhatIsAsItShouldBe() throws Exception {
        ChangelogDirectory directory = new ChangelogDirectory(temporary);
        directory.write(CHANGELOG);
        FileTime longAgo = FileTime.fromMillis(1_000_000);
        Files.setLastModifiedTime(temporary.resolve("changelog.xml"), longAgo);

        assertThat(directory.write(CHANGELOG))
                .isEqualTo(new ChangelogDirectory.Written(false, List.of(), List.of(), List.of(), List.of()));
        assertThat(Files.getLastModifiedTime(temporary.resolve("changelog.xml")))
                .isEqualTo(longAgo);
        assertThat(directory.write(xml("new\n")).isNew()).isTrue();
        assertThat(temporary.resolve("changelog.xml")).hasContent("new");
    }

    @Test
    void removesGeneratedFilesWhoseChangesetsItHas() throws Exception {
        ChangelogDirectory directory = new ChangelogDirectory(temporary);
        write(ofTables("orders.xml", "orders"));
        write(new ChangelogFile("changelog.yaml", """
                # %s
                databaseChangeLog:
                  - logicalFilePath: "liquibase-partition/orders"
                  - changeSet: {id: 1, logicalFilePath: "liquibase-partition/payments"}
                """.formatted(ChangelogFile.MARKER)));

        assertThat(directory.differences(ORDERS))
                .contains(
                        "Only committed: %s. changelog.xml has its changesets, so generate removes it."
                                .formatted(temporary.resolve("changelog.yaml")),
                        "Only committed: %s. changelog.xml has its changesets, so generate removes it."
                                .formatted(temporary.resolve("orders.xml")));
        assertThat(directory.write(ORDERS))
                .isEqualTo(new ChangelogDirectory.Written(
                        true, List.of("changelog.yaml", "orders.xml"), List.of(), List.of(), List.of()));
        assertThat(names(temporary)).containsExactly("changelog.xml");
        assertThat(directory.differences(ORDERS)).isEmpty();
    }

    @Test
    void leavesGeneratedFilesWhoseChangesetsItHasNotAndNamesThem() throws Exception {
        ChangelogDirectory directory = new ChangelogDirectory(temporary);
        write(ofTables("gone.xml", "orders", "refunds"));
        write(new ChangelogFile("broken.xml", "<!-- " + ChangelogFile.MARKER + " -->"));
        write(new ChangelogFile("broken.yaml", "# " + ChangelogFile.MARKER + "\na: [logicalFilePath"));
        write(new ChangelogFile("nameless.yaml", "# " + ChangelogFile.MARKER));
        write(new ChangelogFile("users-own.xml", "<a logicalFilePath=\"liquibase-partition/orders\"/>"));
        write(new ChangelogFile("notes.txt", ChangelogFile.MARKER));
        Files.createDirectory(temporary.resolve("folder.xml"));
        List<String> left = List.of("broken.xml", "broken.yaml", "gone.xml", "nameless.yaml");

        assertThat(directory.write(ORDERS).stale()).isEqualTo(left);
        assertThat(names(temporary))
                .containsAll(left)
                .contains("users-own.xml", "notes.txt", "folder.xml", "changelog.xml");
        assertThat(directory.differences(ORDERS))
                .isEqualTo(left.stream()
                        .map(name -> "Only committed: %s. The config does not give it; delete it."
                                .formatted(temporary.resolve(name)))
                        .toList());
    }

    @Test
    void namesTheTablesWhoseChangesetsAreGone() throws Exception {
        ChangelogDirectory directory = new ChangelogDirectory(temporary);
        directory.write(ORDERS);

        assertThat(directory.write(ofTables("changelog.xml", "payments")).gone())
                .containsExactly("orders");
        assertThat(directory.write(ORDERS).gone()).isEmpty();
    }

    @Test
    void tellsItsOwnChangelogFromSomebodyElses() throws Exception {
        ChangelogDirectory directory = new ChangelogDirectory(temporary);
        assertThat(directory.hasItsOwn(ORDERS)).isFalse();
        directory.write(ORDERS);
        assertThat(directory.hasItsOwn(ORDERS)).isFalse();

        write(xml("<databaseChangeLog/>"));

        assertThat(directory.hasItsOwn(ORDERS)).isTrue();
        assertThat(directory.hasItsOwn(xml("<of-a-template-without-the-marker/>")))
                .isFalse();
    }

    @Test
    void showsDifferencesAsUnifiedDiffs() throws Exception {
        ChangelogDirectory directory = new ChangelogDirectory(temporary);
        Files.writeString(temporary.resolve("changelog.xml"), "one\n2\nthree\n");
        Path committed = temporary.resolve("changelog.xml");

        assertThat(directory.differences(CHANGELOG))
                .singleElement()
                .asString()
                .isEqualToNormalizingNewlines("""
                        --- %s
                        +++ %s (generated)
                        @@ -1,3 +1,3 @@
                         one
                        -2
                        +two
                         three""".formatted(committed, committed));
        assertThat(committed).hasContent("one\n2\nthree\n");
    }

    @Test
    void showsAMissingFileAsNew() throws Exception {
        assertThat(new ChangelogDirectory(temporary.resolve("nowhere")).differences(CHANGELOG))
                .singleElement()
                .asString()
                .startsWith("--- /dev/null")
                .contains("+one", "+two", "+three");
        assertThat(temporary.resolve("nowhere")).doesNotExist();
    }

    @Test
    void saysThatOnlyLineEndsDiffer() throws Exception {
        Files.writeString(temporary.resolve("changelog.xml"), "one\r\ntwo\r\nthree\r\n");

        assertThat(new ChangelogDirectory(temporary).differences(CHANGELOG))
                .singleElement()
                .asString()
                .contains("differs in its line ends or its encoding only", "*.xml text eol=lf");
    }

    @Test
    void findsNoDifferenceAfterWriting() throws Exception {
        ChangelogDirectory directory = new ChangelogDirectory(temporary);
        directory.write(CHANGELOG);

        assertThat(directory.differences(CHANGELOG)).isEmpty();
    }

    @Test
    void leavesNoHalfWrittenFileBehindWhenTheFileCannotBeReplaced() throws Exception {
        Files.createDirectories(temporary.resolve("changelog.xml/inside"));

        assertThatThrownBy(() -> new ChangelogDirectory(temporary).write(CHANGELOG))
                .isInstanceOf(IOException.class);
        assertThat(names(temporary)).containsExactly("changelog.xml");
    }

    private static ChangelogFile xml(String text) {
        return new ChangelogFile("changelog.xml", text);
    }

    private static ChangelogFile ofTables(String name, String... tables) {
        StringBuilder text = new StringBuilder("<!-- %s --><databaseChangeLog>".formatted(ChangelogFile.MARKER));
        for (String table : tables) {
            text.append("<changeSet logicalFilePath=\"liquibase-partition/%s\"/>".formatted(table));
        }
        return new ChangelogFile(name, text + "</databaseChangeLog>");
    }

    private void write(ChangelogFile file) throws IOException {
        Files.writeString(temporary.resolve(file.name()), file.text());
    }

    private static List<String> names(Path directory) throws IOException {
        try (Stream<Path> files = Files.list(directory)) {
            return files.map(file -> file.getFileName().toString()).toList();
        }
    }
}
