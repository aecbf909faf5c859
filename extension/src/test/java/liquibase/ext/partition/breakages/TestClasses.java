package liquibase.ext.partition.breakages;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.stream.Stream;

/** The module's test classes, by their names without the package. */
final class TestClasses {
    private static final Path SOURCES = Path.of("src/test/java");
    private static final String JAVA = ".java";

    private TestClasses() {}

    /**
     * The name with the package.
     *
     * @param test a class, with or without a method after a {@code #}
     * @throws IllegalStateException when there is no such class, or more than one
     */
    static String fullName(String test) {
        String[] parts = test.split("#", 2);
        try (Stream<Path> files = Files.walk(SOURCES)) {
            List<Path> found = files.filter(
                            file -> file.getFileName().toString().equals(parts[0] + JAVA))
                    .toList();
            if (found.size() != 1) {
                throw new IllegalStateException("There are %d test classes %s.".formatted(found.size(), parts[0]));
            }
            String path = SOURCES.relativize(found.get(0)).toString();
            String name = path.substring(0, path.length() - JAVA.length()).replace('/', '.');
            return parts.length == 1 ? name : name + "#" + parts[1];
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }
}
