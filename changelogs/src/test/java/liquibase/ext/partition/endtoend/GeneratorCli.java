package liquibase.ext.partition.endtoend;

import java.io.IOException;
import java.io.PrintWriter;
import java.io.StringWriter;
import java.io.UncheckedIOException;
import java.net.URL;
import java.net.URLClassLoader;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
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

    /** The classes of the jar and of Java, and none of the tests'. */
    private static final class Packaged {
        static final ClassLoader CLASSES = classes();

        private static ClassLoader classes() {
            try {
                return new URLClassLoader(new URL[] {jar().toUri().toURL()}, ClassLoader.getPlatformClassLoader());
            } catch (IOException e) {
                throw new UncheckedIOException(e);
            }
        }
    }

    /**
     * Runs a command out of the packaged jar in this JVM, for tests about what a command writes: it does not pay for
     * the start of a JVM. Relative paths are relative to this JVM's directory.
     */
    static CliResult runWarm(String... arguments) {
        long begun = System.nanoTime();
        StringWriter stdout = new StringWriter();
        StringWriter stderr = new StringWriter();
        Thread thread = Thread.currentThread();
        ClassLoader own = thread.getContextClassLoader();
        thread.setContextClassLoader(Packaged.CLASSES);
        try {
            Object program = Packaged.CLASSES
                    .loadClass("liquibase.ext.partition.generator.cli.GeneratorCommand")
                    .getMethod("commandLine")
                    .invoke(null);
            Class<?> commandLine = program.getClass();
            commandLine.getMethod("setOut", PrintWriter.class).invoke(program, new PrintWriter(stdout, true));
            commandLine.getMethod("setErr", PrintWriter.class).invoke(program, new PrintWriter(stderr, true));
            int exitCode =
                    (int) commandLine.getMethod("execute", String[].class).invoke(program, (Object) arguments);
            return new CliResult(
                    "liquibase-partition-generator " + String.join(" ", arguments),
                    exitCode,
                    stdout.toString(),
                    stderr.toString(),
                    Duration.ofNanos(System.nanoTime() - begun));
        } catch (ReflectiveOperationException e) {
            throw new AssertionError("Cannot run the program in " + jar(), e);
        } finally {
            thread.setContextClassLoader(own);
        }
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
