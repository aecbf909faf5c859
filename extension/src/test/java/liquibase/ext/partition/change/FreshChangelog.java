package liquibase.ext.partition.change;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Comparator;
import java.util.List;
import java.util.stream.Stream;
import liquibase.ext.partition.testing.FreshDatabase;
import org.junit.jupiter.api.extension.ExtensionContext;

/**
 * Also gives each test an empty changelog, in a field of the type {@link Changelog}. It runs on the test's own
 * database, and its folder is deleted after the test.
 */
final class FreshChangelog extends FreshDatabase {
    private record Folder(Path path) implements AutoCloseable {
        static Folder create() {
            try {
                return new Folder(Files.createTempDirectory("changelog"));
            } catch (IOException e) {
                throw new UncheckedIOException(e);
            }
        }

        @Override
        public void close() throws IOException {
            List<Path> leavesFirst;
            try (Stream<Path> all = Files.walk(path)) {
                leavesFirst = all.sorted(Comparator.reverseOrder()).toList();
            }
            for (Path file : leavesFirst) {
                Files.delete(file);
            }
        }
    }

    @Override
    public void beforeEach(ExtensionContext context) throws Exception {
        super.beforeEach(context);
        setFields(context, Changelog.class, () -> new Changelog(database(context), folder(context)));
    }

    private static Path folder(ExtensionContext context) {
        return context.getStore(STORE)
                .computeIfAbsent(Folder.class, type -> Folder.create(), Folder.class)
                .path();
    }
}
