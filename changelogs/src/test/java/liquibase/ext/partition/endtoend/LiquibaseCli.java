package liquibase.ext.partition.endtoend;

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;
import java.util.function.Consumer;
import java.util.stream.Stream;
import liquibase.ext.partition.testing.TestDatabase;

/**
 * The real Liquibase command line, of a given version, with the packaged extension in its class path:
 *
 * <pre>{@code
 * LiquibaseCli.version("5.0.4").changelog(path).database(database).update("-DswapApproved=orders").requireSuccess();
 * }</pre>
 *
 * Immutable: each setting gives a new one. The connection goes through the environment, as in a pipeline; so the
 * password is in no process list.
 */
public final class LiquibaseCli {

    private static final String SEARCH_PATH = "LIQUIBASE_SEARCH_PATH";
    private static final String OF_COMMAND = "LIQUIBASE_COMMAND_";

    private final String version;
    private final Map<String, String> environment;
    private final List<String> globalOptions;
    private final Consumer<String> eachLine;
    private final boolean warm;

    private LiquibaseCli(
            String version,
            Map<String, String> environment,
            List<String> globalOptions,
            Consumer<String> eachLine,
            boolean warm) {
        this.version = version;
        this.environment = Map.copyOf(environment);
        this.globalOptions = List.copyOf(globalOptions);
        this.eachLine = eachLine;
        this.warm = warm;
    }

    /** The versions the build has laid out, oldest first; a {@code @MethodSource} of the end-to-end tests. */
    public static Stream<String> versions() {
        return Stream.of(System.getProperty("liquibase.versions").split(","));
    }

    public static LiquibaseCli version(String version) {
        Path home = home(version);
        if (!Files.isDirectory(home)) {
            throw new IllegalStateException(
                    "%s is not there: the module's package phase makes it. Run mvn verify, not mvn test"
                            .formatted(home));
        }
        // Live writers write dates without a partition, and their number depends on the machine.
        return new LiquibaseCli(
                version,
                Map.of("LIQUIBASE_ANALYTICS_ENABLED", "false", "LIQUIBASE_PARTITION_MAX_DEFAULT_SHARE", "100%"),
                List.of(),
                line -> {},
                false);
    }

    static String classPath(String version) {
        return RunningCli.jarsIn(home(version), RunningCli.target().resolve("lib"));
    }

    private static Path home(String version) {
        return RunningCli.target().resolve("liquibase-" + version);
    }

    /** The root changelog; its folder becomes the search path, its name what DATABASECHANGELOG records. */
    public LiquibaseCli changelog(Path file) {
        return environment(SEARCH_PATH, file.toAbsolutePath().getParent().toString())
                .environment(
                        "LIQUIBASE_COMMAND_CHANGELOG_FILE", file.getFileName().toString());
    }

    public LiquibaseCli database(TestDatabase database) {
        return connection(database.url(), database.username(), database.password());
    }

    public LiquibaseCli connection(String url, String username, String password) {
        return environment("LIQUIBASE_COMMAND_URL", url)
                .environment("LIQUIBASE_COMMAND_USERNAME", username)
                .environment("LIQUIBASE_COMMAND_PASSWORD", password);
    }

    public LiquibaseCli environment(String name, String value) {
        Map<String, String> more = new HashMap<>(environment);
        more.put(name, value);
        return new LiquibaseCli(version, more, globalOptions, eachLine, warm);
    }

    /** An option that stands before the command, such as {@code --log-level=fine}. */
    public LiquibaseCli globalOption(String option) {
        List<String> more = new ArrayList<>(globalOptions);
        more.add(option);
        return new LiquibaseCli(version, environment, more, eachLine, warm);
    }

    /** Also hands every line of output to {@code action}, as it comes and from another thread. */
    public LiquibaseCli eachLine(Consumer<String> action) {
        return new LiquibaseCli(version, environment, globalOptions, action, warm);
    }

    /**
     * Runs commands in a JVM that has run others before, for tests about the effects of commands on a database. The
     * connection and the changelog are options then, and both streams of the output are one.
     */
    public LiquibaseCli warm() {
        return new LiquibaseCli(version, environment, globalOptions, eachLine, true);
    }

    public CliResult update(String... arguments) {
        return run("update", arguments);
    }

    public CliResult updateSql(String... arguments) {
        return run("update-sql", arguments);
    }

    public CliResult rollback(String tag, String... arguments) {
        return run(
                "rollback",
                Stream.concat(Stream.of("--tag=" + tag), Stream.of(arguments)).toArray(String[]::new));
    }

    /** Runs any command to its end, whether it fails or not. */
    public CliResult run(String command, String... arguments) {
        return warm ? runWarm(command, arguments) : start(command, arguments).await();
    }

    private CliResult runWarm(String command, String... arguments) {
        Map<String, String> own = new TreeMap<>(environment);
        List<String> words = new ArrayList<>(globalOptions);
        Optional.ofNullable(own.remove(SEARCH_PATH)).ifPresent(path -> words.add("--search-path=" + path));
        words.add(command);
        for (String name : List.copyOf(own.keySet())) {
            if (name.startsWith(OF_COMMAND)) {
                String option = name.substring(OF_COMMAND.length())
                        .toLowerCase(Locale.ROOT)
                        .replace('_', '-');
                words.add("--" + option + "=" + own.remove(name));
            }
        }
        words.addAll(List.of(arguments));
        return WarmCli.run(version, own, words);
    }

    /** Starts any command; the caller waits for it or kills it. */
    public RunningCli start(String command, String... arguments) {
        List<String> words = new ArrayList<>(globalOptions);
        words.add(command);
        words.addAll(List.of(arguments));
        List<String> line = new ArrayList<>(
                List.of("-cp", classPath(version), "liquibase.integration.commandline.LiquibaseCommandLine"));
        line.addAll(words);
        return RunningCli.java(
                "liquibase " + String.join(" ", words) + " (" + version + ")",
                line,
                environment,
                RunningCli.target(),
                eachLine);
    }
}
