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
    private static final ChangelogFile ROOT = file("changelog.xml", "one\ntwo\nthree\n");
    private static final ChangelogFile ORDERS = file("orders.xml", "größe\n");

    @TempDir
    private Path temporary;

    @Test
    void makesTheDirectoryAndItsParents() throws Exception {
        ChangelogDirectory directory = new ChangelogDirectory(temporary.resolve("changelogs/shop"));

        assertThat(directory.write(List.of(ROOT, ORDERS)))
                .isEqualTo(
                        new ChangelogDirectory.Written(List.of("changelog.xml", "orders.xml"), List.of(), List.of()));
        assertThat(directory.path().resolve("orders.xml"))
                .hasBinaryContent(ORDERS.text().getBytes(StandardCharsets.UTF_8));
        assertThat(names(directory.path())).containsExactlyInAnyOrder("changelog.xml", "orders.xml");
    }

    @Test
    void doesNotTouchWhatIsAsItShouldBe() throws Exception {
        ChangelogDirectory directory = new ChangelogDirectory(temporary);
        directory.write(List.of(ROOT, ORDERS));
        FileTime longAgo = FileTime.fromMillis(1_000_000);
        Files.setLastModifiedTime(temporary.resolve("changelog.xml"), longAgo);

        assertThat(directory.write(List.of(ROOT, file("orders.xml", "new\n"))))
                .isEqualTo(new ChangelogDirectory.Written(List.of("orders.xml"), List.of("changelog.xml"), List.of()));
        assertThat(Files.getLastModifiedTime(temporary.resolve("changelog.xml")))
                .isEqualTo(longAgo);
        assertThat(temporary.resolve("orders.xml")).hasContent("new");
    }

    @Test
    void leavesGeneratedFilesThatAreNoLongerGivenAndNamesThem() throws Exception {
        ChangelogDirectory directory = new ChangelogDirectory(temporary);
        Files.writeString(temporary.resolve("gone.xml"), "<!-- " + ChangelogFile.MARKER + " -->");
        Files.writeString(temporary.resolve("changelog.yaml"), "# " + ChangelogFile.MARKER);
        Files.writeString(temporary.resolve("users-own.xml"), "<databaseChangeLog/>");
        Files.writeString(temporary.resolve("notes.txt"), ChangelogFile.MARKER);
        Files.createDirectory(temporary.resolve("folder.xml"));

        assertThat(directory.write(List.of(ROOT)).stale()).containsExactly("changelog.yaml", "gone.xml");
        assertThat(temporary.resolve("gone.xml")).exists();
        assertThat(directory.differences(List.of(ROOT)))
                .containsExactly(
                        "Only committed: %s. The config no longer gives it; delete it."
                                .formatted(temporary.resolve("changelog.yaml")),
                        "Only committed: %s. The config no longer gives it; delete it."
                                .formatted(temporary.resolve("gone.xml")));
    }

    @Test
    void showsDifferencesAsUnifiedDiffs() throws Exception {
        ChangelogDirectory directory = new ChangelogDirectory(temporary);
        Files.writeString(temporary.resolve("changelog.xml"), "one\n2\nthree\n");
        Path committed = temporary.resolve("changelog.xml");

        assertThat(directory.differences(List.of(ROOT)))
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
        assertThat(new ChangelogDirectory(temporary.resolve("nowhere")).differences(List.of(ROOT)))
                .singleElement()
                .asString()
                .startsWith("--- /dev/null")
                .contains("+one", "+two", "+three");
        assertThat(temporary.resolve("nowhere")).doesNotExist();
    }

    @Test
    void saysThatOnlyLineEndsDiffer() throws Exception {
        Files.writeString(temporary.resolve("changelog.xml"), "one\r\ntwo\r\nthree\r\n");

        assertThat(new ChangelogDirectory(temporary).differences(List.of(ROOT)))
                .singleElement()
                .asString()
                .contains("differs in its line ends or its encoding only", "*.xml text eol=lf");
    }

    @Test
    void findsNoDifferenceAfterWriting() throws Exception {
        ChangelogDirectory directory = new ChangelogDirectory(temporary);
        directory.write(List.of(ROOT, ORDERS));

        assertThat(directory.differences(List.of(ROOT, ORDERS))).isEmpty();
    }

    @Test
    void leavesNoHalfWrittenFileBehindWhenTheFileCannotBeReplaced() throws Exception {
        Files.createDirectories(temporary.resolve("changelog.xml/inside"));

        assertThatThrownBy(() -> new ChangelogDirectory(temporary).write(List.of(ROOT)))
                .isInstanceOf(IOException.class);
        assertThat(names(temporary)).containsExactly("changelog.xml");
    }

    private static ChangelogFile file(String name, String text) {
        return new ChangelogFile(name, text);
    }

    private static List<String> names(Path directory) throws IOException {
        try (Stream<Path> files = Files.list(directory)) {
            return files.map(file -> file.getFileName().toString()).toList();
        }
    }
}
