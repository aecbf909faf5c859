package liquibase.ext.partition.endtoend;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.function.Consumer;
import java.util.stream.Stream;

/** The packaged generator, run by {@code java -jar} in a directory of the caller's. */
public final class GeneratorCli {

    private final Path directory;
    private final Map<String, String> environment;
    private final Consumer<String> eachLine;

    private GeneratorCli(Path directory, Map<String, String> environment, Consumer<String> eachLine) {
        this.directory = directory;
        this.environment = environment;
        this.eachLine = eachLine;
    }

    /** Relative paths among the arguments are relative to {@code directory}. */
    public static GeneratorCli in(Path directory) {
        return new GeneratorCli(directory, Map.of(), line -> {});
    }

    /** Also hands every line of output to {@code action}, as it comes and from another thread. */
    public GeneratorCli eachLine(Consumer<String> action) {
        return new GeneratorCli(directory, environment, action);
    }

    /** Passes the password as a pipeline does: no command line, and so no process list, shows it. */
    public GeneratorCli password(String password) {
        return new GeneratorCli(directory, Map.of("PGPASSWORD", password), eachLine);
    }

    /** Runs {@code init}, {@code generate} or another command to its end, whether it fails or not. */
    public CliResult run(String... arguments) {
        List<String> line = new ArrayList<>(List.of("-jar", jar().toString()));
        line.addAll(List.of(arguments));
        return RunningCli.java(
                        "java -jar liquibase-partition-generator.jar " + String.join(" ", arguments),
                        line,
                        environment,
                        directory,
                        eachLine)
                .await();
    }

    private static Path jar() {
        Path home = RunningCli.target().resolve("generator");
        try (Stream<Path> jars = Files.list(home)) {
            return jars.findFirst().orElseThrow(() -> new IllegalStateException("No jar in " + home));
        } catch (IOException e) {
            throw new UncheckedIOException(
                    "%s is not there: the module's package phase makes it. Run mvn verify, not mvn test"
                            .formatted(home),
                    e);
        }
    }
}
