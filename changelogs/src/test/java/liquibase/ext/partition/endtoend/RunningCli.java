package liquibase.ext.partition.endtoend;

import java.io.BufferedReader;
import java.io.File;
import java.io.IOException;
import java.io.InputStream;
import java.io.InputStreamReader;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import java.util.function.Consumer;
import java.util.function.Predicate;

/** A command line that has been started; closing it kills it if it still runs. */
public final class RunningCli implements AutoCloseable {

    /** Longer than the slowest command takes on a busy machine: a longer wait means that something hangs. */
    static final Duration LONGEST_RUN = Duration.ofMinutes(5);

    private final String command;
    private final Process process;
    private final long started = System.nanoTime();
    private final List<String> stdout = new ArrayList<>();
    private final List<String> stderr = new ArrayList<>();
    private final List<Thread> readers = new ArrayList<>();
    private final Consumer<String> eachLine;

    private RunningCli(String command, Process process, Consumer<String> eachLine) {
        this.command = command;
        this.process = process;
        this.eachLine = eachLine;
        readers.add(read(process.getInputStream(), stdout));
        readers.add(read(process.getErrorStream(), stderr));
    }

    /**
     * Starts a JVM: small, and compiled once, because it lives for seconds.
     *
     * @param name the command as a user would type it, for messages
     * @param arguments the arguments after the JVM's options: {@code -cp … Main …} or {@code -jar …}
     * @param eachLine gets every line of output as it comes, from another thread
     */
    static RunningCli java(
            String name,
            List<String> arguments,
            Map<String, String> environment,
            Path directory,
            Consumer<String> eachLine) {
        List<String> line = new ArrayList<>(List.of(
                Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                "-Xmx256m",
                "-XX:+UseSerialGC",
                "-XX:TieredStopAtLevel=1",
                "-Dfile.encoding=UTF-8"));
        ClassArchive archive = ClassArchive.of(arguments.subList(0, 2));
        List<String> archiveOptions = archive.options();
        line.addAll(archiveOptions);
        line.addAll(arguments);
        ProcessBuilder builder = new ProcessBuilder(line).directory(directory.toFile());
        // A developer's own settings of these tools must not affect the tests.
        builder.environment().keySet().removeIf(key -> key.startsWith("LIQUIBASE_") || key.startsWith("JAVA_OPTS"));
        builder.environment().putAll(environment);
        try {
            Process process = builder.start();
            process.onExit().thenAccept(ended -> archive.ended(archiveOptions, ended.exitValue()));
            return new RunningCli(name, process, eachLine);
        } catch (IOException e) {
            throw new UncheckedIOException("Cannot start " + name, e);
        }
    }

    private Thread read(InputStream stream, List<String> lines) {
        Thread thread = new Thread(() -> {
            try (BufferedReader reader = new BufferedReader(new InputStreamReader(stream, StandardCharsets.UTF_8))) {
                for (String line = reader.readLine(); line != null; line = reader.readLine()) {
                    synchronized (this) {
                        lines.add(line);
                        notifyAll();
                    }
                    eachLine.accept(line);
                }
            } catch (IOException e) {
                // A killed process closes its streams under the reader; there is no more to read.
            }
        });
        thread.setDaemon(true);
        thread.start();
        return thread;
    }

    /** Blocks until a line of output, of either stream, satisfies the condition. */
    public void awaitLine(Predicate<String> condition) {
        long deadline = System.nanoTime() + LONGEST_RUN.toNanos();
        synchronized (this) {
            while (stdout.stream().noneMatch(condition) && stderr.stream().noneMatch(condition)) {
                if (System.nanoTime() > deadline || !process.isAlive()) {
                    throw new AssertionError("The awaited line never came from " + command + "\n"
                            + String.join("\n", stdout) + "\n" + String.join("\n", stderr));
                }
                try {
                    wait(200);
                } catch (InterruptedException e) {
                    throw interrupted(e);
                }
            }
        }
    }

    public boolean isRunning() {
        return process.isAlive();
    }

    /** Kills it as {@code kill -9} does: no shutdown hook runs. */
    public CliResult kill() {
        process.destroyForcibly();
        return await();
    }

    /** Blocks until the process has ended by itself. */
    public CliResult await() {
        try {
            if (!process.waitFor(LONGEST_RUN.toSeconds(), TimeUnit.SECONDS)) {
                process.destroyForcibly();
                throw new AssertionError("Did not end within " + LONGEST_RUN + ": " + result(-1));
            }
            for (Thread reader : readers) {
                reader.join();
            }
        } catch (InterruptedException e) {
            throw interrupted(e);
        }
        return result(process.exitValue());
    }

    private synchronized CliResult result(int exitCode) {
        return new CliResult(
                command,
                exitCode,
                String.join("\n", stdout),
                String.join("\n", stderr),
                Duration.ofNanos(System.nanoTime() - started));
    }

    private IllegalStateException interrupted(InterruptedException e) {
        process.destroyForcibly();
        Thread.currentThread().interrupt();
        return new IllegalStateException("Interrupted while waiting for " + command, e);
    }

    @Override
    public void close() {
        process.destroyForcibly();
    }

    /** The module's build directory, which has the jars of the command lines. */
    static Path target() {
        return Path.of(System.getProperty("basedir", "."))
                .toAbsolutePath()
                .normalize()
                .resolve("target");
    }

    /** A class path of every jar in these directories. */
    static String jarsIn(Path... directories) {
        List<String> entries = new ArrayList<>();
        for (Path directory : directories) {
            entries.add(directory.resolve("*").toString());
        }
        return String.join(File.pathSeparator, entries);
    }
}
