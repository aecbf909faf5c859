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
import java.util.Optional;
import java.util.concurrent.TimeUnit;
import liquibase.ext.partition.testing.SmallDisk;
import liquibase.ext.partition.testing.TestDatabase;
import liquibase.ext.partition.testing.TestServer;

/**
 * A lane's own server, always an embedded one. It can be restarted as after a crash, and its databases are on a small
 * disk that can be filled. The write-ahead log is not on that disk: a full log ends the server, which is
 * {@link #crash()}.
 */
final class FaultServer implements AutoCloseable {

    private static final int DISK_MEGABYTES = 192;
    private static final String TABLESPACE = "small_disk";
    private static final boolean ON_LINUX =
            System.getProperty("os.name").toLowerCase(Locale.ROOT).contains("linux");

    private final EmbeddedPostgres postgres;
    private final TestServer server;
    private final Path binaries;
    private final Path data;
    private final Optional<SmallDisk> disk;

    private FaultServer(EmbeddedPostgres postgres, boolean onSmallDisk) throws IOException {
        this.postgres = postgres;
        server = TestServer.at("jdbc:postgresql://localhost:%d/postgres?user=postgres".formatted(postgres.getPort()));
        try (TestDatabase any = server.newDatabase()) {
            data = Path.of(any.queryString("SHOW data_directory"));
            // The first word is the program; pg_ctl is in the same directory.
            String started = Files.readString(data.resolve("postmaster.opts"));
            binaries = Path.of(started.substring(0, started.indexOf(" \""))).getParent();
            disk = onSmallDisk ? Optional.of(SmallDisk.ofMegabytes(DISK_MEGABYTES)) : Optional.empty();
            disk.ifPresent(
                    it -> any.execute("CREATE TABLESPACE %s LOCATION '%s'".formatted(TABLESPACE, it.location())));
        }
    }

    /** @param onSmallDisk without it there is no {@link #fillDisk()}; {@link SmallDisk} says what it needs */
    static FaultServer start(Map<String, String> settings, boolean onSmallDisk) {
        EmbeddedPostgres.Builder builder = EmbeddedPostgres.builder()
                .setLocaleConfig("locale", ON_LINUX ? "C.UTF-8" : "C")
                .setPGStartupWait(Duration.ofSeconds(60));
        settings.forEach(builder::setServerConfig);
        try {
            return new FaultServer(builder.start(), onSmallDisk);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    int port() {
        return postgres.getPort();
    }

    /** The server's version, as it reports it. */
    String version() {
        return server.description();
    }

    /** A new database on the small disk. */
    TestDatabase newDatabase() {
        TestDatabase database = server.newDatabase();
        if (disk.isPresent()) {
            // From another database, because nobody may be connected to it.
            try (TestDatabase other = server.newDatabase()) {
                other.execute("ALTER DATABASE %s SET TABLESPACE %s".formatted(database.name(), TABLESPACE));
            }
        }
        return database;
    }

    /**
     * Acts like a crash: no session gets another word, and the server recovers from its log. Blocks until it is there
     * again. No server recovers on a full disk, so the disk is freed first.
     */
    void crash() {
        disk.ifPresent(SmallDisk::free);
        List<String> command = new ArrayList<>();
        if (ON_LINUX && "root".equals(System.getProperty("user.name"))) {
            // PostgreSQL does not run as root, and in a namespace that knows no users nobody is root.
            command.addAll(List.of("unshare", "-U"));
        }
        command.addAll(List.of(binaries.resolve("pg_ctl").toString(), "-D", data.toString()));
        command.addAll(List.of("-m", "immediate", "-w", "-t", "60", "-l", log().toString(), "restart"));
        Path said = data.resolve("pg_ctl.log");
        try {
            Process restart = new ProcessBuilder(command)
                    .redirectErrorStream(true)
                    .redirectOutput(said.toFile())
                    .start();
            if (!restart.waitFor(90, TimeUnit.SECONDS) || restart.exitValue() != 0) {
                throw new IllegalStateException(
                        "The server did not start again: " + Files.readString(said) + Files.readString(log()));
            }
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new IllegalStateException("Interrupted while the server started again", e);
        }
    }

    private Path log() {
        return data.resolve("server.log");
    }

    /** From now on no table, index or temporary file of a lane's database grows, until {@link #freeDisk()}. */
    void fillDisk() {
        disk.orElseThrow().fill();
    }

    void freeDisk() {
        disk.orElseThrow().free();
    }

    @Override
    public void close() {
        try {
            postgres.close();
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        } finally {
            disk.ifPresent(SmallDisk::close);
        }
    }
}
