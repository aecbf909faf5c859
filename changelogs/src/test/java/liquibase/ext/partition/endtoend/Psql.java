package liquibase.ext.partition.endtoend;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Properties;
import java.util.concurrent.TimeUnit;
import liquibase.ext.partition.testing.TestDatabase;
import org.postgresql.Driver;

/** The real psql, with which people run a printed script. */
final class Psql {

    private Psql() {}

    /**
     * Runs a script as {@code psql -f} does without further options: after an error it goes on with the next statement.
     *
     * @throws AssertionError if there is no psql
     */
    static CliResult run(TestDatabase database, Path script, String... options) {
        Properties parsed = Driver.parseURL(database.url(), new Properties());
        Path output = script.resolveSibling(script.getFileName() + ".out");
        List<String> command = new ArrayList<>(List.of("psql", "--no-psqlrc", "--file", script.toString()));
        command.addAll(List.of(options));
        ProcessBuilder builder =
                new ProcessBuilder(command).redirectErrorStream(true).redirectOutput(output.toFile());
        builder.environment().put("PGHOST", parsed.getProperty("PGHOST"));
        builder.environment().put("PGPORT", parsed.getProperty("PGPORT"));
        builder.environment().put("PGDATABASE", parsed.getProperty("PGDBNAME"));
        builder.environment().put("PGUSER", database.username());
        builder.environment().put("PGPASSWORD", database.password());
        builder.environment().put("PGCLIENTENCODING", "UTF8");
        long started = System.nanoTime();
        Process process;
        try {
            process = builder.start();
        } catch (IOException e) {
            throw new AssertionError(
                    "This test hands a printed script to psql, and there is none: install PostgreSQL's client"
                            + " (Debian: apt-get install postgresql-client)",
                    e);
        }
        try {
            if (!process.waitFor(2, TimeUnit.MINUTES)) {
                process.destroyForcibly();
                throw new AssertionError("psql did not end: " + Files.readString(output));
            }
            return new CliResult(
                    String.join(" ", command),
                    process.exitValue(),
                    Files.readString(output),
                    "",
                    Duration.ofNanos(System.nanoTime() - started));
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        } catch (InterruptedException e) {
            process.destroyForcibly();
            Thread.currentThread().interrupt();
            throw new IllegalStateException("Interrupted while waiting for psql", e);
        }
    }
}
