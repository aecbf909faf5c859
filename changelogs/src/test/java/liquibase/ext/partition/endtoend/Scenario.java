package liquibase.ext.partition.endtoend;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.stream.Stream;
import liquibase.ext.partition.testing.TestDatabase;

/**
 * A folder of the gallery: the tables as they were, the table config, and the changelogs that the generator made of it.
 */
record Scenario(Path directory) {

    static Scenario named(String name) {
        return new Scenario(gallery().resolve(name));
    }

    /** Every folder that has a table config, in the order of their names. */
    static Stream<Scenario> all() {
        try (Stream<Path> folders = Files.list(gallery())) {
            List<Scenario> scenarios = folders.filter(folder -> Files.exists(folder.resolve("tables.yaml")))
                    .sorted()
                    .map(Scenario::new)
                    .toList();
            return scenarios.stream();
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    private static Path gallery() {
        return RunningCli.target().getParent();
    }

    String name() {
        return directory.getFileName().toString();
    }

    /** Whether a partition is exchanged, and no table swapped. */
    boolean isExchange() {
        return name().startsWith("exchange-");
    }

    /** The argument of {@code generate --format}. */
    String format() {
        return Files.exists(directory.resolve("changelog.yaml")) ? "yaml" : "xml";
    }

    Path changelog() {
        return directory.resolve("changelog." + format());
    }

    /** Makes the tables of the scenario, full of rows. */
    void prepare(TestDatabase database) {
        try {
            database.execute(Files.readString(directory.resolve("before.sql")));
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    @Override
    public String toString() {
        return name();
    }
}
