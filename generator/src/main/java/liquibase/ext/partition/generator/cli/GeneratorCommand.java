package liquibase.ext.partition.generator.cli;

import java.io.IOException;
import java.io.PrintWriter;
import java.nio.file.AccessDeniedException;
import java.nio.file.FileAlreadyExistsException;
import java.nio.file.FileSystemException;
import liquibase.ext.partition.generator.changelog.TemplateFailureException;
import liquibase.ext.partition.generator.config.document.InvalidConfigException;
import picocli.CommandLine;
import picocli.CommandLine.Command;
import picocli.CommandLine.IVersionProvider;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.ScopeType;
import picocli.CommandLine.Spec;
import picocli.CommandLine.UnmatchedArgumentException;

/** The program. By itself it only shows its usage; its subcommands do the work. */
@Command(
        name = "liquibase-partition-generator",
        description = "Turns a table config into Liquibase changelogs that partition live PostgreSQL tables by month.",
        subcommands = {InitCommand.class, PlanCommand.class, GenerateCommand.class, RestoreCommand.class},
        mixinStandardHelpOptions = true,
        versionProvider = GeneratorCommand.ManifestVersion.class,
        synopsisSubcommandLabel = "COMMAND",
        sortOptions = false,
        exitCodeListHeading = "%nExit codes:%n",
        exitCodeList = {
            "0:all went well",
            "1:generate --check found a difference",
            "2:the command line, the config, a template or a table is not as it should be; plan refuses a table;"
                    + " restore refuses an archive",
            "3:anything else, such as a file that cannot be written, or no database"
        })
public final class GeneratorCommand implements Runnable {
    @Spec
    private CommandSpec spec;

    @Option(
            names = "--stacktrace",
            scope = ScopeType.INHERIT,
            hidden = true,
            description = "With a mistake in this program, print where it is.")
    private boolean stackTrace;

    private GeneratorCommand() {}

    /** Runs the program and ends the Java runtime with one of {@link ExitCodes}. */
    public static void main(String[] args) {
        System.exit(commandLine().execute(args));
    }

    /**
     * The program as an object: {@code execute} returns the exit code and ends nothing; output goes where the caller
     * directs it.
     */
    public static CommandLine commandLine() {
        GeneratorCommand program = new GeneratorCommand();
        return new CommandLine(program)
                .setCaseInsensitiveEnumValuesAllowed(true)
                .setUsageHelpAutoWidth(true)
                .setParameterExceptionHandler(GeneratorCommand::explainUsage)
                .setExecutionExceptionHandler((exception, command, result) -> program.explain(exception, command));
    }

    @Override
    public void run() {
        throw new ParameterException(spec.commandLine(), "Say what to do: init, plan, generate or restore.");
    }

    private static int explainUsage(ParameterException exception, String[] args) {
        CommandLine command = exception.getCommandLine();
        PrintWriter err = command.getErr();
        err.println(exception.getMessage());
        UnmatchedArgumentException.printSuggestions(exception, err);
        err.println();
        err.print(command.getHelp().fullSynopsis());
        err.printf(
                "%s --help says what each of them means.%n",
                command.getCommandSpec().qualifiedName());
        return ExitCodes.USAGE;
    }

    private int explain(Exception exception, CommandLine command) {
        PrintWriter err = command.getErr();
        if (exception instanceof InvalidConfigException invalid) {
            int count = invalid.problems().size();
            invalid.problems().forEach(err::println);
            err.printf("%n%d problem%s. Nothing was written.%n", count, count == 1 ? "" : "s");
            return ExitCodes.USAGE;
        }
        if (exception instanceof TemplateFailureException || exception instanceof UsageException) {
            err.println(exception.getMessage());
            return ExitCodes.USAGE;
        }
        if (exception instanceof DatabaseFailureException) {
            err.println(exception.getMessage());
            return ExitCodes.FAILURE;
        }
        if (exception instanceof IOException io) {
            err.println(describe(io));
            return ExitCodes.FAILURE;
        }
        err.println("A mistake in this program: " + exception);
        if (stackTrace) {
            exception.printStackTrace(err);
        } else {
            err.println("Please report it with what the same command prints with --stacktrace.");
        }
        return ExitCodes.FAILURE;
    }

    private static String describe(IOException exception) {
        if (exception instanceof AccessDeniedException denied) {
            return "No permission for %s. Check who owns it, then run the command again.".formatted(denied.getFile());
        }
        if (exception instanceof FileAlreadyExistsException exists) {
            return "%s is in the way: a directory is wanted there. Name another --output, or move it."
                    .formatted(exists.getFile());
        }
        String file = exception instanceof FileSystemException system ? system.getFile() + ": " : "";
        return "A file cannot be read or written: %s%s. Correct that, then run the command again."
                .formatted(file, exception instanceof FileSystemException system ? system.getReason() : exception);
    }

    /** The version that the build wrote into the jar's manifest. */
    static final class ManifestVersion implements IVersionProvider {
        @Override
        public String[] getVersion() {
            String version = GeneratorCommand.class.getPackage().getImplementationVersion();
            return new String[] {
                "liquibase-partition-generator " + (version == null ? "(not from a released jar)" : version)
            };
        }
    }
}
