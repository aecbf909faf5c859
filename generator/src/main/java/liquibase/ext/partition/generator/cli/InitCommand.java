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
import java.util.concurrent.Callable;
import liquibase.ext.partition.engine.sql.Session;
import liquibase.ext.partition.generator.config.document.InvalidConfigException;
import liquibase.ext.partition.generator.config.read.ConfigReader;
import liquibase.ext.partition.generator.inspect.ConfigText;
import liquibase.ext.partition.generator.inspect.TableInspector;
import liquibase.ext.partition.generator.inspect.UnsuitableTableException;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
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
    @Spec
    private CommandSpec spec;

    @Mixin
    private DatabaseOptions database;

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
        try (Connection connection = database.connect()) {
            return new TableInspector(Session.pinned(connection), Duration.ofSeconds(timeout)).inspect(tables);
        } catch (UnsuitableTableException e) {
            throw new UsageException(e.getMessage() + System.lineSeparator() + "Nothing was written.");
        } catch (SQLException e) {
            throw database.failure(e);
        }
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

    /** Shows names that a changelog cannot hold, for example, now and not only with the first generate. */
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
