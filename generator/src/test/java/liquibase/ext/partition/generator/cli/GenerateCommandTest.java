package liquibase.ext.partition.generator.cli;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.StringWriter;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class GenerateCommandTest {
    private static final String CONFIG = """
            tables:
              - tableName: orders
                keyColumns: [id]
                partitionBy: {columns: [created_at], from: 2024-01, until: 2026-07}
            """;

    @TempDir
    private Path directory;

    private final Terminal terminal = new Terminal();
    private final StringWriter out = terminal.out;
    private final StringWriter err = terminal.err;
    private Path config;
    private Path output;

    @BeforeEach
    void writeConfig() throws Exception {
        config = Files.writeString(directory.resolve("tables.yaml"), CONFIG);
        output = directory.resolve("changelogs/shop");
    }

    @Test
    void writesOneChangelogWithTheChangesetsOfAllTables() throws Exception {
        Files.writeString(
                config, CONFIG + CONFIG.substring(CONFIG.indexOf('\n') + 1).replace("orders", "payments"));

        assertThat(generate()).isEqualTo(ExitCodes.OK);

        assertThat(output).isDirectoryContaining("glob:**/changelog.xml");
        assertThat(output.toFile().list()).hasSize(1);
        assertThat(output.resolve("changelog.xml"))
                .content()
                .contains("id=\"orders-drop\"", "id=\"payments-drop\"")
                .doesNotContain("include");
        assertThat(out.toString().strip()).isEqualTo("Wrote " + output.resolve("changelog.xml"));
        assertThat(err.toString()).isEmpty();
    }

    @Test
    void writesYamlWhenAskedTo() {
        assertThat(generate("--format", "yaml")).isEqualTo(ExitCodes.OK);

        assertThat(output.resolve("changelog.yaml")).content().contains("id: \"orders-drop\"");
    }

    @Test
    void saysThatThereWasNothingToWrite() {
        generate();
        out.getBuffer().setLength(0);

        assertThat(generate()).isEqualTo(ExitCodes.OK);
        assertThat(out.toString().strip())
                .isEqualTo("%s is what %s gives already.".formatted(output.resolve("changelog.xml"), config));
    }

    @Test
    void saysThatIncludeAllWouldTakeTheConfigForAChangelog() {
        output = config.getParent();
        generate();

        assertThat(out.toString())
                .contains(config + " is in the same folder: an includeAll over it would take that for a changelog");
    }

    @Test
    void removesTheOtherFormatsFileAndSaysSo() {
        generate();

        assertThat(generate("--format", "yaml")).isEqualTo(ExitCodes.OK);
        assertThat(out.toString())
                .contains("Removed %s: changelog.yaml has its changesets.".formatted(output.resolve("changelog.xml")));
        assertThat(output.toFile().list()).containsExactly("changelog.yaml");
        assertThat(err.toString()).isEmpty();
    }

    @Test
    void warnsOfTheTablesThatLeftTheConfig() throws Exception {
        generate();
        Files.writeString(config, CONFIG.replace("orders", "payments"));

        assertThat(generate()).isEqualTo(ExitCodes.OK);
        assertThat(err.toString())
                .startsWith(
                        "Warning: %s had the changesets of tables that %s does not name, and has them no more: orders."
                                .formatted(output.resolve("changelog.xml"), config));
    }

    /** Liquibase would run again what it has run under another id. */
    @Test
    void keepsTheIdsOfATableWhenAnotherOfItsNameIsAddedAndWarnsWhereIdsChange() throws Exception {
        String us = CONFIG.replace("- tableName", "- schemaName: us\n    tableName");
        String both = us + us.substring(us.indexOf('\n') + 1).replace("us", "eu");
        Files.writeString(config, us);
        generate();
        Files.writeString(config, both);
        generate();
        assertThat(err.toString()).isEmpty();
        assertThat(output.resolve("changelog.xml")).content().contains("id=\"orders-swap\"", "id=\"eu_orders-swap\"");

        Files.writeString(config, us.replace("us", "eu"));
        generate();

        assertThat(err.toString())
                .contains("had the changesets of tables that %s does not name, and has them no more: us.orders."
                        .formatted(config))
                .contains("had changesets of the ids eu_orders-before, eu_orders-prepare,")
                .contains("Liquibase would run them again where they have run.");
        err.getBuffer().setLength(0);
        Files.writeString(config, both);
        generate();
        assertThat(output.resolve("changelog.xml")).content().contains("id=\"orders-swap\"", "id=\"eu_orders-swap\"");
    }

    @Test
    void warnsOfAnotherConfigsChangelogInTheSameFolderAndLeavesIt() throws Exception {
        generate();
        Files.writeString(config, CONFIG.replace("orders", "payments"));

        assertThat(generate("--format", "yaml")).isEqualTo(ExitCodes.OK);
        assertThat(err.toString())
                .startsWith("Warning: %s was generated, too, and %s does not give it. It was left."
                        .formatted(output.resolve("changelog.xml"), config));
        assertThat(output.toFile().list()).containsExactlyInAnyOrder("changelog.xml", "changelog.yaml");
    }

    @Test
    void doesNotWriteOverAChangelogThatWasNotGenerated() throws Exception {
        Files.createDirectories(output);
        Path own = Files.writeString(output.resolve("changelog.xml"), "<databaseChangeLog/>");

        for (String[] more : new String[][] {{}, {"--check"}}) {
            assertThat(generate(more)).isEqualTo(ExitCodes.USAGE);
            assertThat(err.toString())
                    .isEqualToNormalizingNewlines(
                            own
                                    + " was not generated, and would be written over. Nothing was written. Name another folder with --output, or move that file.\n");
            assertThat(own).hasContent("<databaseChangeLog/>");
            err.getBuffer().setLength(0);
        }
    }

    @Test
    void checkSucceedsWhenTheChangelogsAreCurrent() {
        generate();

        assertThat(generate("--check")).isEqualTo(ExitCodes.OK);
        assertThat(out.toString()).contains("%s is what %s gives.".formatted(output.resolve("changelog.xml"), config));
    }

    @Test
    void checkShowsTheDifferenceWritesNothingAndEndsWithOne() throws Exception {
        generate();
        Files.writeString(config, CONFIG.replace("2026-07", "2026-08"));
        String before = Files.readString(output.resolve("changelog.xml"));

        assertThat(generate("--check")).isEqualTo(ExitCodes.DIFFERENCE);
        assertThat(out.toString())
                .contains("--- " + output.resolve("changelog.xml"))
                .contains("-        until=\"2026-07\"")
                .contains("+        until=\"2026-08\"");
        assertThat(err.toString()).contains("Run generate without --check, and commit what it writes.");
        assertThat(output.resolve("changelog.xml")).hasContent(before);
    }

    @Test
    void checkCountsAStaleFileAsADifference() throws Exception {
        generate("--format", "yaml");
        Files.writeString(config, CONFIG.replace("orders", "payments"));
        generate();

        assertThat(generate("--check")).isEqualTo(ExitCodes.DIFFERENCE);
        assertThat(out.toString()).contains("Only committed: " + output.resolve("changelog.yaml"));
    }

    @Test
    void checkBeforeTheFirstGenerateShowsEverythingAndMakesNothing() {
        assertThat(generate("--check")).isEqualTo(ExitCodes.DIFFERENCE);
        assertThat(out.toString()).contains("--- /dev/null", "+++ " + output.resolve("changelog.xml"));
        assertThat(output).doesNotExist();
    }

    @Test
    void tellsEveryProblemOfTheConfigAndWritesNothing() throws Exception {
        Files.writeString(config, CONFIG.replace("2024-01", "2024-13") + "    workers: 0\n");

        assertThat(generate()).isEqualTo(ExitCodes.USAGE);
        assertThat(err.toString())
                .contains(config + ":4: tables[0].partitionBy.from: ", config + ":5: tables[0].workers: ")
                .contains("2 problems. Nothing was written.")
                .doesNotContain("Exception", "\tat ");
        assertThat(output).doesNotExist();
    }

    @Test
    void tellsWhichTemplateFailsAndWritesNothing() throws Exception {
        Files.writeString(directory.resolve("table.xml.ftl"), "<mine>[=nothing]</mine>");

        assertThat(generate("--templates", directory.toString())).isEqualTo(ExitCodes.USAGE);
        assertThat(err.toString())
                .contains("Template table.xml.ftl fails in line 1: ")
                .doesNotContain("Exception", "\tat ");
        assertThat(output).doesNotExist();
    }

    @Test
    void endsWithThreeWhenTheOutputCannotBeWritten() throws Exception {
        output = Files.writeString(directory.resolve("a-file"), "");

        assertThat(generate()).isEqualTo(ExitCodes.FAILURE);
        assertThat(err.toString())
                .contains(output + " is in the way: a directory is wanted there.")
                .doesNotContain("Exception", "\tat ");
    }

    @ParameterizedTest
    @ValueSource(strings = {"", "generat", "generate", "generate --output x --format json", "generate --nonsense"})
    void endsWithTwoAndSaysHowToUseIt(String line) {
        assertThat(terminal.run(line.isEmpty() ? new String[0] : line.split(" ")))
                .isEqualTo(ExitCodes.USAGE);
        assertThat(err.toString())
                .contains("Usage: liquibase-partition-generator", "--help says what each of them means.")
                .doesNotContain("Exception", "\tat ");
    }

    @Test
    void suggestsTheCommandThatWasMeant() {
        terminal.run("generat");

        assertThat(err.toString()).contains("Did you mean: liquibase-partition-generator generate?");
    }

    @Test
    void explainsItsExitCodesAndItsVersion() {
        assertThat(terminal.run("--help")).isEqualTo(ExitCodes.OK);
        assertThat(terminal.run("--version")).isEqualTo(ExitCodes.OK);

        assertThat(out.toString())
                .contains("Exit codes:", "1   generate --check found a difference", "liquibase-partition-generator ");
    }

    private int generate(String... more) {
        String[] arguments = new String[more.length + 5];
        arguments[0] = "generate";
        arguments[1] = "--config";
        arguments[2] = config.toString();
        arguments[3] = "--output";
        arguments[4] = output.toString();
        System.arraycopy(more, 0, arguments, 5, more.length);
        return terminal.run(arguments);
    }
}
