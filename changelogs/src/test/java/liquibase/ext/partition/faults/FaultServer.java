package liquibase.ext.partition.faults;

import io.zonky.test.db.postgres.embedded.EmbeddedPostgres;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import liquibase.ext.partition.testing.TestDatabase;
import liquibase.ext.partition.testing.TestServer;

/**
 * A server of a lane's own, which can be restarted as by a crash, and whose databases lie on a small disk that can be filled.
 *
 * <p>The disk is a tmpfs in a mount namespace of the server's own, so that nothing is left mounted whatever ends the JVM; a user who
 * is not root gets it by a user namespace. The write-ahead log is not on it: a full log ends the server, which is
 * {@link #crash()}.
 */
final class FaultServer implements AutoCloseable {

    private static final int DISK_MEGABYTES = 192;
    private static final String TABLESPACE = "small_disk";

    private final EmbeddedPostgres postgres;
    private final Process namespace;
    private final List<String> enter;
    private final Path disk;
    private final Path binaries;
    private final Path data;
    private final TestServer server;

    private FaultServer(EmbeddedPostgres postgres, Path directory) throws IOException {
        this.postgres = postgres;
        server = TestServer.at("jdbc:postgresql://localhost:%d/postgres?user=postgres".formatted(postgres.getPort()));
        try (TestDatabase any = server.newDatabase()) {
            data = Path.of(any.queryString("SHOW data_directory"));
        }
        // The first word is the program; pg_ctl lies beside it.
        String started = Files.readString(data.resolve("postmaster.opts"));
        binaries = Path.of(started.substring(0, started.indexOf(" \""))).getParent();
        disk = Files.createDirectories(directory.toAbsolutePath().resolve("disk"));
        boolean root = "root".equals(System.getProperty("user.name"));
        namespace = new ProcessBuilder(
                        "unshare",
                        root ? "-m" : "-Urm",
                        "sh",
                        "-c",
                        "mount -t tmpfs -o size=%dm small-disk '%s' && echo mounted && exec cat"
                                .formatted(DISK_MEGABYTES, disk))
                .redirectErrorStream(true)
                .start();
        requireMounted();
        enter = new ArrayList<>(List.of("nsenter", "-t", Long.toString(namespace.pid()), "-m"));
        if (!root) {
            enter.addAll(List.of("-U", "--preserve-credentials"));
        }
        // PostgreSQL does not run as root, and in a namespace that knows no users nobody is root.
        enter.addAll(List.of("unshare", "-U"));
        crash();
        try (TestDatabase any = server.newDatabase()) {
            any.execute("CREATE TABLESPACE %s LOCATION '%s'".formatted(TABLESPACE, disk));
        }
    }

    /** @param directory of the caller's, for the disk to be mounted in */
    static FaultServer start(Path directory, Map<String, String> settings) {
        EmbeddedPostgres.Builder builder = EmbeddedPostgres.builder()
                .setLocaleConfig("locale", onLinux() ? "C.UTF-8" : "C")
                .setPGStartupWait(Duration.ofSeconds(60));
        settings.forEach(builder::setServerConfig);
        try {
            return new FaultServer(builder.start(), directory);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    private static boolean onLinux() {
        return System.getProperty("os.name").toLowerCase(Locale.ROOT).contains("linux");
    }

    private void requireMounted() throws IOException {
        String said = namespace.inputReader().readLine();
        if (!"mounted".equals(said)) {
            throw new IllegalStateException("""
                    No small disk could be mounted for the fault of a full disk: %s. It needs Linux, and root or the right to make \
                    user namespaces (sysctl kernel.unprivileged_userns_clone, kernel.apparmor_restrict_unprivileged_userns). \
                    Run the tests so, in a container for example; a run without this fault would prove less than it says.""".formatted(said));
        }
    }

    int port() {
        return postgres.getPort();
    }

    /** A new database on the small disk. */
    TestDatabase newDatabase() {
        TestDatabase database = server.newDatabase();
        try (TestDatabase other = server.newDatabase()) {
            other.execute("ALTER DATABASE %s SET TABLESPACE %s".formatted(database.name(), TABLESPACE));
        }
        return database;
    }

    /** As after a crash: no session gets a word more, and the server recovers from its log. Blocks until it is there again. */
    void crash() {
        List<String> command = new ArrayList<>(enter);
        command.addAll(List.of(
                binaries.resolve("pg_ctl").toString(),
                "-D",
                data.toString(),
                "-m",
                "immediate",
                "-w",
                "-t",
                "60",
                "-l",
                data.resolve("server.log").toString(),
                "restart"));
        try {
            Process restart = new ProcessBuilder(command)
                    .redirectErrorStream(true)
                    .redirectOutput(data.resolve("pg_ctl.log").toFile())
                    .start();
            if (!restart.waitFor(90, TimeUnit.SECONDS) || restart.exitValue() != 0) {
                throw new IllegalStateException(
                        "The server did not start again: " + Files.readString(data.resolve("pg_ctl.log")) + log());
            }
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new IllegalStateException("Interrupted while the server started again", e);
        }
    }

    private String log() throws IOException {
        Path log = data.resolve("server.log");
        return Files.exists(log) ? Files.readString(log) : "";
    }

    /** From now on no table, index or temporary file of a lane's database grows. */
    void fillDisk(TestDatabase database) {
        try {
            database.execute("COPY (SELECT repeat('x', 100000) FROM generate_series(1, %d)) TO '%s'"
                    .formatted(DISK_MEGABYTES * 20, ballast()));
            throw new IllegalStateException("The disk is not full yet");
        } catch (AssertionError e) {
            if (!e.getMessage().contains("No space left on device")) {
                throw e;
            }
        }
    }

    void emptyDisk(TestDatabase database) {
        database.execute("COPY (SELECT) TO '%s'".formatted(ballast()));
    }

    private Path ballast() {
        return disk.resolve("ballast");
    }

    @Override
    public void close() {
        try {
            postgres.close();
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        } finally {
            namespace.destroy();
        }
    }
}
