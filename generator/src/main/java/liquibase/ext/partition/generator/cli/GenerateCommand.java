package liquibase.ext.partition.generator.cli;

import java.io.IOException;
import java.io.PrintWriter;
import java.nio.file.Path;
import java.util.List;
import java.util.concurrent.Callable;
import liquibase.ext.partition.generator.changelog.ChangelogDirectory;
import liquibase.ext.partition.generator.changelog.ChangelogFile;
import liquibase.ext.partition.generator.changelog.ChangelogFormat;
import liquibase.ext.partition.generator.changelog.ChangelogGenerator;
import liquibase.ext.partition.generator.changelog.TemplateFailureException;
import liquibase.ext.partition.generator.config.ConfigReader;
import liquibase.ext.partition.generator.config.InvalidConfigException;
import liquibase.ext.partition.generator.config.TablesConfig;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Spec;

/** {@code generate}: from the config to the changelogs, or to what is different about them. */
@Command(
        name = "generate",
        description = {
            "Writes the changelogs of a table config: changelog.xml, and a file for each table beside it.",
            "Needs no database. The same config gives the same bytes, so commit them and review what changes."
        },
        mixinStandardHelpOptions = true,
        versionProvider = GeneratorCommand.ManifestVersion.class,
        sortOptions = false)
final class GenerateCommand implements Callable<Integer> {
    @Spec
    private CommandSpec spec;

    @Option(
            names = "--config",
            paramLabel = "FILE",
            defaultValue = "tables.yaml",
            description = "The table config. Default: ${DEFAULT-VALUE}.")
    private Path config;

    @Option(
            names = "--output",
            paramLabel = "DIR",
            required = true,
            description = "Where the changelogs are, or are to be; made when it is missing.")
    private Path output;

    @Option(
            names = "--format",
            paramLabel = "FORMAT",
            defaultValue = "xml",
            description = "xml or yaml; Liquibase gets the same changesets from both. Default: ${DEFAULT-VALUE}.")
    private ChangelogFormat format;

    @Option(
            names = "--templates",
            paramLabel = "DIR",
            description = "FreeMarker templates of your own. Each replaces the built-in one of its name:"
                    + " changelog.xml.ftl, table.xml.ftl, changelog.yaml.ftl, table.yaml.ftl, steps.ftl.")
    private Path templates;

    @Option(
            names = "--check",
            description =
                    "Write nothing. Show how the changelogs differ from what the config gives, and end with 1 if they"
                            + " do.")
    private boolean check;

    @Override
    public Integer call() throws InvalidConfigException, TemplateFailureException, IOException {
        TablesConfig tables = new ConfigReader().read(config);
        ChangelogGenerator generator = templates == null
                ? ChangelogGenerator.withBuiltInTemplates()
                : ChangelogGenerator.withTemplatesOf(templates);
        List<ChangelogFile> files = generator.generate(tables, format);
        ChangelogDirectory directory = new ChangelogDirectory(output);
        return check ? check(directory, files) : write(directory, files);
    }

    private int check(ChangelogDirectory directory, List<ChangelogFile> files) throws IOException {
        List<String> differences = directory.differences(files);
        if (differences.isEmpty()) {
            out().printf("%s is what %s gives: %d files.%n", output, config, files.size());
            return ExitCodes.OK;
        }
        differences.forEach(out()::println);
        spec.commandLine()
                .getErr()
                .printf(
                        "%n%s is not what %s gives; see above. Nothing was written. Run generate without --check, and commit"
                                + " what it writes.%n",
                        output, config);
        return ExitCodes.DIFFERENCE;
    }

    private int write(ChangelogDirectory directory, List<ChangelogFile> files) throws IOException {
        ChangelogDirectory.Written result = directory.write(files);
        result.written().forEach(name -> out().println("Wrote " + output.resolve(name)));
        if (result.written().isEmpty()) {
            out().printf("%s is what %s gives already: %d files.%n", output, config, files.size());
        }
        for (String name : result.stale()) {
            spec.commandLine()
                    .getErr()
                    .printf(
                            "Warning: %s was generated, but %s no longer gives it. It was left; delete it if it is not needed.%n",
                            output.resolve(name), config);
        }
        return ExitCodes.OK;
    }

    private PrintWriter out() {
        return spec.commandLine().getOut();
    }
}
