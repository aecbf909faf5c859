package liquibase.ext.partition.endtoend;

import java.io.BufferedReader;
import java.io.File;
import java.io.IOException;
import java.io.InputStreamReader;
import java.io.UncheckedIOException;
import java.io.Writer;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.HashMap;
import java.util.List;
import java.util.Map;

/**
 * A JVM with Liquibase's command line and the packaged extension, which runs one command after the other, so that a
 * command does not pay for its start; it can also be killed. It ends when its input does, together with the JVM that
 * started it.
 */
public final class WarmCli implements AutoCloseable {

    /** The result of a command: its exit code, or null if the JVM was killed first, or the command did not end. */
    public record Result(String command, Integer exitCode, List<String> lines) {
        public boolean succeeded() {
            return exitCode != null && exitCode == 0;
        }

        public boolean isWaitingForLock() {
            return !lines.isEmpty() && lines.get(lines.size() - 1).contains("Waiting for changelog lock");
        }

        public String output() {
            return String.join("\n", lines);
        }

        @Override
        public String toString() {
            return "$ %s%n%s%n[%s]".formatted(command, output(), exitCode == null ? "killed" : "exit code " + exitCode);
        }
    }

    /** By version and environment. */
    private static final Map<List<Object>, Deque<WarmCli>> IDLE = new HashMap<>();

    private final Process process;
    private final Writer commands;
    private final String version;
    private String command;
    private List<String> lines = new ArrayList<>();
    private Integer exitCode;
    private boolean ended;

    private WarmCli(Process process, String version) {
        this.process = process;
        this.version = version;
        commands = process.outputWriter(StandardCharsets.UTF_8);
        Thread reader = new Thread(this::read, "output of liquibase " + version);
        reader.setDaemon(true);
        reader.start();
    }

    /** @param environment the variables that a pipeline sets; the machine's own LIQUIBASE_ variables are left out */
    public static WarmCli start(String version, Map<String, String> environment) {
        ProcessBuilder builder = new ProcessBuilder(
                        Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                        "-Xmx256m",
                        "-Xshare:auto",
                        "-XX:+UseSerialGC",
                        "-XX:TieredStopAtLevel=1",
                        "-Dfile.encoding=UTF-8",
                        "-cp",
                        String.join(
                                File.pathSeparator,
                                LiquibaseCli.classPath(version),
                                RunningCli.target().resolve("test-classes").toString()),
                        CommandLoop.class.getName())
                .directory(RunningCli.target().toFile())
                .redirectErrorStream(true);
        builder.environment().keySet().removeIf(name -> name.startsWith("LIQUIBASE_") || name.startsWith("JAVA_OPTS"));
        builder.environment().putAll(environment);
        try {
            return new WarmCli(builder.start(), version);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    /** Runs a command in a JVM that is kept for later commands of the same version and environment. */
    static CliResult run(String version, Map<String, String> environment, List<String> words) {
        long begun = System.nanoTime();
        WarmCli cli;
        synchronized (IDLE) {
            Deque<WarmCli> idle = IDLE.computeIfAbsent(List.of(version, environment), any -> new ArrayDeque<>());
            cli = idle.poll();
        }
        if (cli == null) {
            cli = start(version, environment);
        }
        cli.begin(words);
        Result result = cli.await(RunningCli.LONGEST_RUN);
        if (result.exitCode() == null) {
            cli.dumpThreads();
            String output = cli.await(Duration.ZERO).output();
            cli.kill();
            throw new AssertionError("Did not end within %s: %s%n%s".formatted(RunningCli.LONGEST_RUN, result, output));
        }
        synchronized (IDLE) {
            IDLE.get(List.of(version, environment)).push(cli);
        }
        return new CliResult(
                result.command(), result.exitCode(), result.output(), "", Duration.ofNanos(System.nanoTime() - begun));
    }

    public String version() {
        return version;
    }

    private void read() {
        try (BufferedReader output =
                new BufferedReader(new InputStreamReader(process.getInputStream(), StandardCharsets.UTF_8))) {
            for (String line = output.readLine(); line != null; line = output.readLine()) {
                synchronized (this) {
                    if (line.startsWith(CommandLoop.END)) {
                        exitCode = Integer.valueOf(
                                line.substring(CommandLoop.END.length()).strip());
                        ended = true;
                    } else {
                        lines.add(line);
                    }
                    notifyAll();
                }
            }
        } catch (IOException e) {
            // It was killed.
        } finally {
            synchronized (this) {
                ended = true;
                notifyAll();
            }
        }
    }

    /** Returns at once; {@link #await} gives the result. */
    public synchronized void begin(List<String> words) {
        command = "liquibase " + String.join(" ", words) + "   (" + version + ")";
        lines = new ArrayList<>();
        exitCode = null;
        ended = !process.isAlive();
        try {
            commands.write(String.join("\t", words) + "\n");
            commands.flush();
        } catch (IOException e) {
            ended = true;
        }
    }

    public synchronized boolean isBusy() {
        return command != null && !ended;
    }

    public boolean isAlive() {
        return process.isAlive();
    }

    /**
     * Blocks until this many lines of the command's output contain {@code part}, or the command has ended, or the time
     * is over.
     */
    public synchronized void awaitLines(String part, int number, Duration longest) {
        long deadline = System.nanoTime() + longest.toNanos();
        while (!ended && lines.stream().filter(line -> line.contains(part)).count() < number && remaining(deadline)) {
            // Checked again with each line.
        }
    }

    /** Blocks until the command has ended, or the time is over; then {@link #isBusy()} is still true. */
    public synchronized Result await(Duration longest) {
        long deadline = System.nanoTime() + longest.toNanos();
        while (!ended && remaining(deadline)) {
            // Checked again with each line.
        }
        return new Result(command, exitCode, List.copyOf(lines));
    }

    private boolean remaining(long deadline) {
        long milliseconds = (deadline - System.nanoTime()) / 1_000_000;
        if (milliseconds <= 0) {
            return false;
        }
        try {
            wait(milliseconds);
            return true;
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new IllegalStateException("Interrupted while waiting for " + command, e);
        }
    }

    /** As {@code kill -9} does. */
    public void kill() {
        process.destroyForcibly();
        process.onExit().join();
    }

    /** Writes its threads' stacks into its output, if the JVM still can; for a command that hangs. */
    public void dumpThreads() {
        try {
            new ProcessBuilder("kill", "-QUIT", Long.toString(process.pid()))
                    .start()
                    .waitFor();
            Thread.sleep(1000);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }

    @Override
    public void close() {
        kill();
    }
}
