package liquibase.ext.partition.testing;

import io.zonky.test.db.postgres.embedded.EmbeddedPostgres;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.sql.Connection;
import java.sql.DriverManager;
import java.sql.SQLException;
import java.time.Duration;
import java.util.Arrays;
import java.util.Locale;
import java.util.Map;
import java.util.Properties;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import org.testcontainers.postgresql.PostgreSQLContainer;
import org.testcontainers.utility.DockerImageName;

/**
 * A PostgreSQL server. The tests of one JVM share {@linkplain #shared() one}, which starts at the first request and
 * stops when the JVM ends.
 *
 * <p>The system property {@code pg} chooses it:
 *
 * <ul>
 *   <li>{@code embedded} (the default): started from binaries on the classpath, whose version {@code -Dpg.version}
 *       chose;
 *   <li>{@code testcontainers}: a container of the image {@code pg.image}, by default {@code postgres:<pg.version>};
 *   <li>{@code jdbc:postgresql:…}: an existing server, with user and password in the URL. The user needs the right to
 *       create databases and roles.
 * </ul>
 *
 * <p>If the requested server is not available, that is an error, never a skipped test: a green build must mean that the
 * tests ran on the server that the build asked for.
 */
public final class TestServer {

    private static final Logger LOG = LoggerFactory.getLogger(TestServer.class);

    /**
     * fsync=off: the tests kill processes, not machines, and the kernel keeps what a killed server had written.
     * pg_stat_statements.track=none: to it nearly every statement of a new database is a new one; the test that reads
     * them turns it on.
     */
    private static final Map<String, String> SETTINGS = Map.of(
            "fsync", "off",
            "wal_level", "logical",
            "max_connections", "200",
            "max_prepared_transactions", "20",
            "shared_buffers", "256MB",
            "shared_preload_libraries", "pg_stat_statements",
            "pg_stat_statements.track", "none",
            "max_wal_size", "4GB");

    private static TestServer shared;
    private static RuntimeException whyNotShared;

    private final String description;
    private final String address;
    private final String administrativeDatabase;
    private final String parameters;
    private final String username;
    private final String password;
    private final Sessions administrators;

    private TestServer(
            String description,
            String address,
            String administrativeDatabase,
            String parameters,
            String username,
            String password) {
        this.description = description;
        this.address = address;
        this.administrativeDatabase = administrativeDatabase;
        this.parameters = parameters;
        this.username = username;
        this.password = password;
        this.administrators = Sessions.of(url(administrativeDatabase));
    }

    /** The server of this JVM; every call after a failed start repeats the same error without waiting for it again. */
    public static synchronized TestServer shared() {
        if (whyNotShared != null) {
            throw whyNotShared;
        }
        if (shared == null) {
            try {
                shared = chosenBy(System.getProperty("pg"));
                LOG.info("Tests run on {}", shared.description);
            } catch (RuntimeException e) {
                whyNotShared = e;
                throw e;
            }
        }
        return shared;
    }

    static TestServer chosenBy(String choice) {
        if (choice == null || choice.isBlank() || choice.equals("embedded")) {
            return embedded();
        }
        if (choice.equals("testcontainers")) {
            return inContainer();
        }
        if (choice.startsWith("jdbc:postgresql:")) {
            return existing(choice);
        }
        throw new IllegalStateException(
                "pg=%s is no PostgreSQL to test on. Say -Dpg=embedded, -Dpg=testcontainers or -Dpg=jdbc:postgresql://host:port/database?user=…&password=…"
                        .formatted(choice));
    }

    private static TestServer embedded() {
        EmbeddedPostgres.Builder builder = EmbeddedPostgres.builder()
                // A LANG that is not installed makes initdb fail without a reason, so the machine's LANG is never used.
                .setLocaleConfig("locale", onLinux() ? "C.UTF-8" : "C")
                .setPGStartupWait(Duration.ofSeconds(60));
        SETTINGS.forEach(builder::setServerConfig);
        try {
            // Stopped by zonky's own shutdown hook.
            EmbeddedPostgres postgres = builder.start();
            TestServer server = new TestServer(
                    "embedded PostgreSQL",
                    "jdbc:postgresql://localhost:%d/".formatted(postgres.getPort()),
                    "postgres",
                    "",
                    "postgres",
                    "postgres");
            return server.checked(System.getProperty("pg.version"));
        } catch (IOException e) {
            throw new UncheckedIOException("Could not start the embedded PostgreSQL: " + e.getMessage(), e);
        }
    }

    private static boolean onLinux() {
        return System.getProperty("os.name").toLowerCase(Locale.ROOT).contains("linux");
    }

    @SuppressWarnings("resource") // lives as long as the JVM; Testcontainers removes it
    private static TestServer inContainer() {
        String image = property("pg.image", "postgres:" + property("pg.version", "17"));
        PostgreSQLContainer container = new PostgreSQLContainer(
                        DockerImageName.parse(image).asCompatibleSubstituteFor("postgres"))
                .withStartupTimeout(Duration.ofMinutes(3));
        container.setCommand(SETTINGS.entrySet().stream()
                .map(setting -> "-c " + setting.getKey() + "=" + setting.getValue())
                .collect(Collectors.joining(" ", "postgres ", "")));
        try {
            container.start();
        } catch (RuntimeException | LinkageError e) {
            throw new IllegalStateException("""
                    -Dpg=testcontainers was asked for, but the image %s could not be started, so the tests did not run. \
                    Start Docker and make the image available (-Dpg.image names another one), or leave -Dpg out.""".formatted(image), e);
        }
        TestServer server = new TestServer(
                "image " + image,
                "jdbc:postgresql://%s:%d/".formatted(container.getHost(), container.getMappedPort(5432)),
                container.getDatabaseName(),
                "",
                container.getUsername(),
                container.getPassword());
        return server.checked(null);
    }

    private static String property(String name, String fallback) {
        String value = System.getProperty(name);
        return value == null || value.isBlank() ? fallback : value;
    }

    /**
     * An existing server, which the caller looks after.
     *
     * @param url with {@code ?user=}, of a user who may create databases and roles
     */
    public static TestServer at(String url) {
        return existing(url);
    }

    private static final Pattern URL =
            Pattern.compile("jdbc:postgresql:(?<address>//[^/?]*/)?(?<database>[^/?]*)(\\?(?<parameters>.*))?");

    private static TestServer existing(String url) {
        Matcher parts = URL.matcher(url);
        if (!parts.matches()) {
            throw new IllegalStateException(
                    "-Dpg=%s is not of the form jdbc:postgresql://host:port/database?user=…&password=…"
                            .formatted(withoutPassword(url)));
        }
        Properties parsed = org.postgresql.Driver.parseURL(url, new Properties());
        if (parsed == null || parsed.getProperty("user") == null) {
            throw new IllegalStateException(
                    "-Dpg=%s names no user; add ?user=…&password=…, as in a JDBC URL".formatted(withoutPassword(url)));
        }
        String otherParameters = parts.group("parameters") == null
                ? ""
                : Arrays.stream(parts.group("parameters").split("&"))
                        .filter(parameter -> !parameter.startsWith("user=") && !parameter.startsWith("password="))
                        .collect(Collectors.joining("&"));
        TestServer server = new TestServer(
                "the server at " + withoutPassword(url),
                "jdbc:postgresql:" + (parts.group("address") == null ? "//localhost/" : parts.group("address")),
                parsed.getProperty("PGDBNAME"),
                otherParameters.isEmpty() ? "" : "?" + otherParameters,
                parsed.getProperty("user"),
                parsed.getProperty("password", ""));
        return server.checked(null);
    }

    private static String withoutPassword(String url) {
        return url.replaceAll("password=[^&]*", "password=…");
    }

    /** Connects once, so that an unusable server shows here and not in the first test. */
    private TestServer checked(String expectedMajorVersion) {
        try (Connection connection = connectAsAdministrator()) {
            int major = connection.getMetaData().getDatabaseMajorVersion();
            if (expectedMajorVersion != null
                    && !expectedMajorVersion.isBlank()
                    && major != Integer.parseInt(expectedMajorVersion)) {
                throw new IllegalStateException(
                        "pg.version=%s was asked for, but the embedded binaries on the classpath are PostgreSQL %d"
                                .formatted(expectedMajorVersion, major));
            }
            String version = connection.getMetaData().getDatabaseProductVersion();
            return new TestServer(
                    description + ", version " + version,
                    address,
                    administrativeDatabase,
                    parameters,
                    username,
                    password);
        } catch (SQLException e) {
            throw new IllegalStateException(
                    "No test can run: cannot connect to %s: %s".formatted(description, e.getMessage()), e);
        }
    }

    /** A new, empty database; the caller closes it. */
    public TestDatabase newDatabase() {
        return new TestDatabase(this);
    }

    /** The server that the tests run on, for people. */
    public String description() {
        return description;
    }

    String url(String database) {
        return address + database + parameters;
    }

    String username() {
        return username;
    }

    String password() {
        return password;
    }

    Sessions administrators() {
        return administrators;
    }

    Connection connectAsAdministrator() throws SQLException {
        return DriverManager.getConnection(url(administrativeDatabase), username, password);
    }
}
