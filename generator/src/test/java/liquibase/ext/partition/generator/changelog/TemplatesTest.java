package liquibase.ext.partition.generator.changelog;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.LocalDate;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;
import java.util.stream.Collectors;
import liquibase.ext.partition.attribute.StepName;
import liquibase.ext.partition.attribute.TuningAttribute;
import liquibase.ext.partition.generator.config.TableConfigBuilder;
import liquibase.ext.partition.generator.config.TablesConfig;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class TemplatesTest {
    private static final TablesConfig CONFIG = new TablesConfig(List.of(TableConfigBuilder.table("orders")
            .range(LocalDate.of(2024, 1, 1), LocalDate.of(3000, 1, 1))
            .tuning(Map.of("chunkSize", 1_000_000L))
            .build()));

    /** By the words of the templates. */
    private static final Map<String, StepName> STEPS = Map.ofEntries(
            Map.entry("prepare", StepName.CREATE_PARTITIONED_TABLE),
            Map.entry("capture", StepName.CAPTURE_CHANGES),
            Map.entry("copy", StepName.CHUNKED_COPY),
            Map.entry("index", StepName.BUILD_INDEXES),
            Map.entry("replay", StepName.REPLAY_CHANGES),
            Map.entry("verify", StepName.VERIFY_COPY),
            Map.entry("approval", StepName.APPROVED),
            Map.entry("swap", StepName.LOCKED_SWAP),
            Map.entry("backup", StepName.BACKUP_VERIFIED),
            Map.entry("drop", StepName.DROP_BACKUP),
            Map.entry("exchange", StepName.EXCHANGE_PARTITIONS),
            Map.entry("upkeep", StepName.ADD_PARTITIONS),
            Map.entry("retire", StepName.RETIRE_PARTITIONS),
            Map.entry("dropRetired", StepName.DROP_RETIRED_PARTITIONS));

    @TempDir
    private Path directory;

    @Test
    void usesTheUsersTemplateInsteadOfTheBuiltInOneOfItsName() throws Exception {
        write("table.xml.ftl", "<mine>[=tableName]</mine>\n");

        String builtIn = ChangelogGenerator.withBuiltInTemplates()
                .generate(CONFIG, ChangelogFormat.XML)
                .text();
        int changesets = builtIn.indexOf("==== -->\n\n") + "==== -->\n\n".length();
        assertThat(text(ChangelogFormat.XML))
                .isEqualTo(builtIn.substring(0, changesets) + "<mine>orders</mine>\n</databaseChangeLog>\n");
    }

    @Test
    void letsTheUsersTemplateImportABuiltInOne() throws Exception {
        write("table.xml.ftl", "<#import \"steps.ftl\" as steps><mine>[=steps.about.before?size]</mine>\n");

        assertThat(text(ChangelogFormat.XML)).contains("<mine>2</mine>\n");
    }

    @Test
    void giveEachStepTheSettingsThatItHas() throws Exception {
        write(
                "table.xml.ftl",
                "<#import \"steps.ftl\" as steps><#list steps.tuning as step, names>"
                        + "is: [=step] [=names?join(\" \")]\n</#list>");
        Map<String, Set<String>> given = text(ChangelogFormat.XML)
                .lines()
                .filter(line -> line.startsWith("is: "))
                .map(line -> List.of(line.substring(4).split(" ")))
                .collect(Collectors.toMap(line -> line.get(0), line -> new TreeSet<>(line.subList(1, line.size()))));

        assertThat(given)
                .isEqualTo(STEPS.entrySet().stream()
                        .collect(Collectors.toMap(Map.Entry::getKey, step -> settingsOf(step.getValue()))));
    }

    /** A config's {@code chunkSize} applies to the copy: a comparison needs no smaller chunks than its own. */
    private static Set<String> settingsOf(StepName step) {
        return TuningAttribute.of(step).stream()
                .filter(TuningAttribute.OF_CONFIG::contains)
                .filter(setting -> setting != TuningAttribute.CHUNK_SIZE || step == StepName.CHUNKED_COPY)
                .map(TuningAttribute::attributeName)
                .collect(Collectors.toCollection(TreeSet::new));
    }

    @Test
    void escapesInTheUsersTemplatesToo() throws Exception {
        write("table.xml.ftl", "<mine a=\"[='<\"&>']\"/>\n");
        write("table.yaml.ftl", "mine: \"[='\\\"\\\\']\"\n");

        assertThat(text(ChangelogFormat.XML)).contains("<mine a=\"&lt;&quot;&amp;&gt;\"/>\n");
        assertThat(text(ChangelogFormat.YAML)).contains("mine: \"\\\"\\\\\"\n");
    }

    @Test
    void leavesLiquibasesParametersAlone() throws Exception {
        write("table.xml.ftl", "<mine a=\"${swapApproved} #{x}\"/>\n");

        assertThat(text(ChangelogFormat.XML)).contains("<mine a=\"${swapApproved} #{x}\"/>\n");
    }

    @Test
    void writesNumbersWithoutGrouping() throws Exception {
        write("table.xml.ftl", "<mine>[=chunkSize] [=partitionCount]</mine>\n");

        assertThat(text(ChangelogFormat.XML)).contains("<mine>1000000 11712</mine>\n");
    }

    @Test
    void endsLinesWithLineFeedsWhateverTheTemplateDoes() throws Exception {
        write("table.xml.ftl", "<mine>\r\n</mine>\r\n");

        assertThat(text(ChangelogFormat.XML)).contains("<mine>\n</mine>\n");
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "[='freemarker.template.utility.Execute'?new()('id')]",
                "[='freemarker.template.utility.ObjectConstructor'?new()('java.io.File', 'x')]",
                "[='freemarker.template.utility.JythonRuntime'?new()]",
                "[=tableName?api.getBytes()?size]",
                "[=tableName.class]",
                "[=tableName.getClass()]",
                "[=keyColumns?api.getClass()]",
                "[=.data_model.entrySet()?size]",
                "<#include \"../secret.txt\">",
                "<#include \"/../secret.txt\">",
                "<#include \"file:///etc/passwd\">"
            })
    void keepsTemplatesFromReachingClassesMethodsAndOtherFiles(String attack) throws Exception {
        Files.writeString(directory.resolve("secret.txt"), "secret");
        Path templates = Files.createDirectory(directory.resolve("templates"));
        Files.writeString(templates.resolve("table.xml.ftl"), "<mine>\n" + attack + "</mine>\n");

        assertThatThrownBy(() -> ChangelogGenerator.withTemplatesOf(templates).generate(CONFIG, ChangelogFormat.XML))
                .isInstanceOf(TemplateFailureException.class)
                .hasMessageContaining("Template table.xml.ftl fails in line 2: ")
                .hasMessageContaining("Nothing was written.");
    }

    @Test
    void refusesALinkOutOfTheDirectoryOfTemplates() throws Exception {
        Path templates = Files.createDirectory(directory.resolve("templates"));
        Files.writeString(directory.resolve("outside.ftl"), "<mine/>");
        Files.createSymbolicLink(templates.resolve("inner.ftl"), directory.resolve("outside.ftl"));
        Files.writeString(templates.resolve("table.xml.ftl"), "<mine>\n<#include \"inner.ftl\"></mine>\n");

        assertThatThrownBy(() -> ChangelogGenerator.withTemplatesOf(templates).generate(CONFIG, ChangelogFormat.XML))
                .isInstanceOf(TemplateFailureException.class)
                .hasMessageContaining("is a link out of the directory of templates");
    }

    @Test
    void namesTemplateAndLineOfWhatIsMissing() {
        write("table.xml.ftl", "<mine>\n[=tabelName]\n</mine>\n");

        assertThatThrownBy(() -> generate(ChangelogFormat.XML))
                .isInstanceOf(TemplateFailureException.class)
                .hasMessageContaining("Template table.xml.ftl fails in line 2: ")
                .hasMessageContaining("tabelName")
                .hasMessageContaining("Correct the template, or remove it to use the built-in one.");
    }

    @Test
    void namesTemplateAndLineOfASyntaxError() {
        write("changelog.xml.ftl", "<mine>\n<#if x>\n</mine>\n");

        assertThatThrownBy(() -> generate(ChangelogFormat.XML))
                .isInstanceOf(TemplateFailureException.class)
                .hasMessageContaining("Template changelog.xml.ftl fails in line ");
    }

    @ParameterizedTest
    @ValueSource(strings = {"<mine>\n</other>\n", "text", "<a/><b/>", "<!DOCTYPE a SYSTEM \"file:///etc/passwd\"><a/>"})
    void refusesXmlThatIsNotWellFormed(String template) {
        write("changelog.xml.ftl", template);

        assertThatThrownBy(() -> generate(ChangelogFormat.XML))
                .isInstanceOf(TemplateFailureException.class)
                .hasMessageContaining(
                        "What template changelog.xml.ftl gives for changelog.xml is not well-formed; in line ");
    }

    @ParameterizedTest
    @ValueSource(strings = {"<mine>\n</other>\n", "\n</databaseChangeLog><databaseChangeLog>"})
    void namesTheTemplateOfTheTableWhoseXmlIsNotWellFormed(String template) {
        write("table.xml.ftl", template);

        assertThatThrownBy(() -> generate(ChangelogFormat.XML))
                .isInstanceOf(TemplateFailureException.class)
                .hasMessageContaining(
                        "What template table.xml.ftl gives for the table orders is not well-formed; in line 2 ");
    }

    @Test
    void refusesYamlThatIsNotWellFormed() {
        write("table.yaml.ftl", "a:\n  - b\n c: [\n");

        assertThatThrownBy(() -> generate(ChangelogFormat.YAML))
                .isInstanceOf(TemplateFailureException.class)
                .hasMessageContaining(
                        "What template table.yaml.ftl gives for the table orders is not well-formed; in line 3");
    }

    @Test
    void refusesADirectoryThatIsNotThere() {
        assertThatThrownBy(() -> ChangelogGenerator.withTemplatesOf(directory.resolve("nowhere")))
                .isInstanceOf(TemplateFailureException.class)
                .hasMessageContaining("There is no directory ");
    }

    @Test
    void refusesADirectoryThatReplacesNothing() {
        write("tables.xml.ftl", "<mine/>");

        assertThatThrownBy(() -> ChangelogGenerator.withTemplatesOf(directory))
                .isInstanceOf(TemplateFailureException.class)
                .hasMessageContaining("holds none of the templates changelog.xml.ftl, table.xml.ftl");
    }

    private String text(ChangelogFormat format) throws Exception {
        return generate(format).text();
    }

    private ChangelogFile generate(ChangelogFormat format) throws Exception {
        return ChangelogGenerator.withTemplatesOf(directory).generate(CONFIG, format);
    }

    private void write(String name, String template) {
        try {
            Files.writeString(directory.resolve(name), template);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }
}
