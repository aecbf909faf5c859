package liquibase.ext.partition.engine.retirement.archive;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.FileAlreadyExistsException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import liquibase.ext.partition.engine.sql.QualifiedName;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class ArchiveDirectoryTest {
    private static final ArchiveDirectory.Chunk FIRST = new ArchiveDirectory.Chunk(0, 5);
    private static final ArchiveDirectory.Chunk THIRD = new ArchiveDirectory.Chunk(9, 12);

    @TempDir
    private Path root;

    private final List<String> lines = new ArrayList<>();
    private ArchiveDirectory directory;

    @BeforeEach
    void claim() throws IOException {
        directory = ArchiveDirectory.of(root, QualifiedName.of("public", "orders_202401"), 17, 2);
        directory.claim("a test");
    }

    private void write(ArchiveDirectory.Chunk chunk, String csv) throws Exception {
        directory.write(chunk, out -> {
            try {
                out.write(csv.getBytes());
            } catch (IOException e) {
                throw new UncheckedIOException(e);
            }
        });
    }

    @Test
    void filesBehindAGapAreSetAsideAndNotRemoved() throws Exception {
        write(FIRST, "id\n1\n");
        for (int i = 0; i < 2; i++) {
            write(THIRD, "id\n2\n");
            assertThat(directory.chunks(lines::add)).containsExactly(FIRST);
        }

        assertThat(directory.path().resolve(THIRD.fileName())).doesNotExist();
        assertThat(directory.path().resolve(THIRD.fileName() + ".aside")).exists();
        assertThat(directory.path().resolve(THIRD.fileName() + ".aside2")).exists();
        assertThat(lines)
                .hasSize(2)
                .allSatisfy(line -> assertThat(line)
                        .contains(THIRD.fileName() + " in " + directory + " does not follow the file before it"));
    }

    @Test
    void aFinishedArchiveIsNotWrittenTo() throws Exception {
        write(FIRST, "id\n1\n");
        write(THIRD, "id\n2\n");
        Files.writeString(directory.path().resolve("manifest.json"), "{}");
        Files.writeString(directory.path().resolve("notes.part"), "of an administrator");

        directory.claim("a test");
        assertThatThrownBy(() -> write(FIRST, "id\n3\n")).isInstanceOf(FileAlreadyExistsException.class);
        assertThatThrownBy(() -> directory.chunks(lines::add)).isInstanceOf(FileAlreadyExistsException.class);

        assertThat(directory.path().resolve("notes.part")).exists();
        assertThat(directory.path().resolve(FIRST.fileName() + ".part")).doesNotExist();
        assertThat(new String(directory.open(FIRST.fileName()).readAllBytes())).isEqualTo("id\n1\n");
        assertThat(directory.path().resolve(THIRD.fileName())).exists();
    }

    @Test
    void aDirectoryThatCannotBeSynchronizedIsReported() throws Exception {
        OwnFiles.sync(root);
        assertThatThrownBy(() -> OwnFiles.sync(root.resolve("missing"))).isInstanceOf(NoSuchFileException.class);
    }
}
