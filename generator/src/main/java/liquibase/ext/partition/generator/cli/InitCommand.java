package liquibase.ext.partition.generator.cli;

import java.io.IOException;
import java.io.PrintWriter;
import java.nio.file.FileAlreadyExistsException;
import java.nio.file.Files;
import java.nio.file.OpenOption;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.sql.Connection;
import java.sql.SQLException;
import java.time.Duration;
import java.util.List;
import java.util.Properties;
import java.util.concurrent.Callable;
import java.util.logging.Level;
import java.util.logging.Logger;
import liquibase.ext.partition.engine.sql.Session;
import liquibase.ext.partition.generator.config.ConfigReader;
import liquibase.ext.partition.generator.config.InvalidConfigException;
import liquibase.ext.partition.generator.inspect.ConfigText;
import liquibase.ext.partition.generator.inspect.TableInspector;
import liquibase.ext.partition.generator.inspect.UnsuitableTableException;
import org.postgresql.Driver;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Spec;

/** {@code init}: from live tables to a first config. Changes nothing in the database, and prints no password. */
@Command(
        name = "init",
        description = {
            "Reads live tables and writes a config for them, with comments and, where you have to decide, TODOs.",
            "Changes nothing in the database."
        },
        mixinStandardHelpOptions = true,
        versionProvider = GeneratorCommand.ManifestVersion.class,
        sortOptions = false)
final class InitCommand implements Callable<Integer> {
    /** The driver warns of a URL that it cannot read by printing it, password and all. Kept, or the level is forgotten. */
    private static final Logger DRIVER_LOG = Logger.getLogger("org.postgresql");

    private static final int CONNECT_SECONDS = 30;

    @Spec
    private CommandSpec spec;

    @Option(
            names = "--url",
            paramLabel = "URL",
            required = true,
            description = "The database, as Liquibase has it: jdbc:postgresql://host:port/database.")
    private String url;

    @Option(
            names = "--username",
            paramLabel = "NAME",
            description = "The role to connect as. Reading rights are enough.")
    private String username;

    @Option(
            names = "--password",
            paramLabel = "PASSWORD",
            interactive = true,
            arity = "0..1",
            prompt = "Password: ",
            description =
                    "Without a value it is asked for. When the option is missing, the environment variable PGPASSWORD is"
                            + " used, or else ~/.pgpass.")
    private String password;

    @Option(
            names = "--table",
            paramLabel = "TABLE",
            required = true,
            description =
                    "A table to partition, as in SQL: public.orders, or '\"Sales\".\"Orders\"'. May be given several"
                            + " times.")
    private List<String> tables;

    @Option(
            names = "--output",
            paramLabel = "FILE",
            defaultValue = "tables.yaml",
            description = "The config to write. Default: ${DEFAULT-VALUE}.")
    private Path output;

    @Option(names = "--force", description = "Write it even if there is such a file.")
    private boolean force;

    @Option(
            names = "--timeout",
            paramLabel = "SECONDS",
            defaultValue = "60",
            description =
                    "How long the rows of one table may be read to find its oldest and newest. After that the planner's"
                            + " statistics are used. Default: ${DEFAULT-VALUE}.")
    private int timeout;

    @Override
    public Integer call() throws IOException, UsageException, DatabaseFailureException {
        if (timeout < 1) {
            throw new ParameterException(
                    spec.commandLine(), "--timeout is %d; it must be at least 1.".formatted(timeout));
        }
        if (Files.exists(output) && !force) {
            throw exists();
        }
        ConfigText text = read();
        write(text);
        out().printf(
                        "Wrote %s.%s%n",
                        output,
                        text.todos() == 0
                                ? ""
                                : " Things left to decide, marked TODO in it: %d.".formatted(text.todos()));
        warnOfProblems();
        return ExitCodes.OK;
    }

    private ConfigText read() throws UsageException, DatabaseFailureException {
        try (Connection connection = connect()) {
            connection.setReadOnly(true);
            return new TableInspector(new Session(connection), Duration.ofSeconds(timeout)).inspect(tables);
        } catch (UnsuitableTableException e) {
            throw new UsageException(e.getMessage() + System.lineSeparator() + "Nothing was written.");
        } catch (SQLException e) {
            throw new DatabaseFailureException(
                    "Reading the tables failed: %s. Nothing was written.".formatted(withoutPassword(e.getMessage())),
                    e);
        }
    }

    private Connection connect() throws UsageException, DatabaseFailureException {
        DRIVER_LOG.setLevel(Level.OFF);
        Driver driver = new Driver();
        if (!driver.acceptsURL(url)) {
            throw new UsageException(
                    "The value of --url is not a URL of PostgreSQL's driver. Nothing was written. Write it like jdbc:postgresql://localhost:5432/shop.");
        }
        Properties properties = new Properties();
        properties.setProperty("ApplicationName", "liquibase-partition-generator");
        properties.setProperty("connectTimeout", Integer.toString(CONNECT_SECONDS));
        if (username != null) {
            properties.setProperty("user", username);
        }
        if (secret() != null) {
            properties.setProperty("password", secret());
        }
        try {
            return driver.connect(url, properties);
        } catch (SQLException e) {
            throw new DatabaseFailureException(
                    "Cannot connect to the database: %s Nothing was written. Check --url and --username, and the password (--password, PGPASSWORD or ~/.pgpass)."
                            .formatted(withoutPassword(e.getMessage())),
                    e);
        }
    }

    /** The password; null when it is left to the driver, which looks into the URL and into ~/.pgpass. */
    private String secret() {
        return password != null ? password : System.getenv("PGPASSWORD");
    }

    private String withoutPassword(String message) {
        return secret() == null || secret().isEmpty() ? message : message.replace(secret(), "***");
    }

    private void write(ConfigText text) throws IOException, UsageException {
        if (output.toAbsolutePath().getParent() != null) {
            Files.createDirectories(output.toAbsolutePath().getParent());
        }
        OpenOption[] options = force
                ? new OpenOption[] {
                    StandardOpenOption.CREATE, StandardOpenOption.TRUNCATE_EXISTING, StandardOpenOption.WRITE
                }
                : new OpenOption[] {StandardOpenOption.CREATE_NEW, StandardOpenOption.WRITE};
        try {
            Files.writeString(output, text.yaml(), options);
        } catch (FileAlreadyExistsException e) {
            throw exists();
        }
    }

    private UsageException exists() {
        return new UsageException(
                "There is a file %s already, and it was left as it is. Name another --output, or add --force to replace it."
                        .formatted(output));
    }

    /** Names that a changelog cannot hold, for example, come to light here rather than with the first generate. */
    private void warnOfProblems() throws IOException {
        try {
            new ConfigReader().read(output);
        } catch (InvalidConfigException e) {
            PrintWriter err = spec.commandLine().getErr();
            err.println("generate will refuse it until this is solved:");
            e.problems().forEach(err::println);
        }
    }

    private PrintWriter out() {
        return spec.commandLine().getOut();
    }
}
