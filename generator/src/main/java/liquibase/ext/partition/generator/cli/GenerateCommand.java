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
import liquibase.ext.partition.generator.config.TablesConfig;
import liquibase.ext.partition.generator.config.document.InvalidConfigException;
import liquibase.ext.partition.generator.config.read.ConfigReader;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Spec;

/** {@code generate}: from the config to the changelogs, or to the differences from them. */
@Command(
        name = "generate",
        description = {
            "Writes the changelog of a table config: changelog.xml, with the changesets of all its tables.",
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
            description =
                    "Where the changelog is, or is to be; made when it is missing. Give each config a folder of its own.")
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
                    "Write nothing. Show how the changelog differs from what the config gives, and end with 1 if it"
                            + " does.")
    private boolean check;

    @Override
    public Integer call() throws InvalidConfigException, TemplateFailureException, UsageException, IOException {
        TablesConfig tables = new ConfigReader().read(config);
        ChangelogGenerator generator = templates == null
                ? ChangelogGenerator.withBuiltInTemplates()
                : ChangelogGenerator.withTemplatesOf(templates);
        ChangelogFile file = generator.generate(tables, format);
        ChangelogDirectory directory = new ChangelogDirectory(output);
        if (directory.hasItsOwn(file)) {
            throw new UsageException(
                    "%s was not generated, and would be written over. Nothing was written. Name another folder with --output, or move that file."
                            .formatted(output.resolve(file.name())));
        }
        return check ? check(directory, file) : write(directory, file);
    }

    private int check(ChangelogDirectory directory, ChangelogFile file) throws IOException {
        List<String> differences = directory.differences(file);
        if (differences.isEmpty()) {
            out().printf("%s is what %s gives.%n", output.resolve(file.name()), config);
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

    private int write(ChangelogDirectory directory, ChangelogFile file) throws IOException {
        ChangelogDirectory.Written result = directory.write(file);
        Path changelog = output.resolve(file.name());
        if (result.isNew()) {
            out().println("Wrote " + changelog);
            if (output.toAbsolutePath()
                    .normalize()
                    .equals(config.toAbsolutePath().normalize().getParent())) {
                out().printf(
                                "%s is in the same folder: an includeAll over it would take that for a changelog, too, and fail.%n",
                                config);
            }
        } else {
            out().printf("%s is what %s gives already.%n", changelog, config);
        }
        for (String name : result.removed()) {
            out().printf("Removed %s: %s has its changesets.%n", output.resolve(name), file.name());
        }
        for (String name : result.stale()) {
            warn(
                    "%s was generated, too, and %s does not give it. It was left. Delete it if nothing needs it; if it is another config's, generate each into a folder of its own.",
                    output.resolve(name), config);
        }
        if (!result.gone().isEmpty()) {
            warn(
                    "%s had the changesets of tables that %s does not name, and has them no more: %s. Where one is still being migrated, put it into the config and generate again. Where the file was another config's, generate that into a folder of its own.",
                    changelog, config, String.join(", ", result.gone()));
        }
        if (!result.renamed().isEmpty()) {
            warn(
                    "%s had changesets of the ids %s, which have others now. Liquibase would run them again where they have run. Ids change with the order of tables of one name in %s, or with a template: put these back as they were, and generate again.",
                    changelog, String.join(", ", result.renamed()), config);
        }
        return ExitCodes.OK;
    }

    private void warn(String message, Object... values) {
        spec.commandLine().getErr().printf("Warning: " + message + "%n", values);
    }

    private PrintWriter out() {
        return spec.commandLine().getOut();
    }
}
