package liquibase.ext.partition.generator.changelog;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.StringReader;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.TimeZone;
import java.util.stream.Stream;
import javax.xml.parsers.DocumentBuilderFactory;
import liquibase.ext.partition.generator.config.TablesConfig;
import liquibase.ext.partition.generator.config.read.ConfigReader;
import org.assertj.core.api.InstanceOfAssertFactories;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.w3c.dom.Document;
import org.w3c.dom.Element;
import org.w3c.dom.Node;
import org.w3c.dom.NodeList;
import org.xml.sax.InputSource;
import org.yaml.snakeyaml.LoaderOptions;
import org.yaml.snakeyaml.Yaml;
import org.yaml.snakeyaml.constructor.SafeConstructor;

/**
 * Compares generated changelogs with files that people can read. After a change on purpose run the test with
 * {@code -Dgolden.update=true}, and review the difference.
 *
 * <p>The file is long because each kind of config has its file to be compared with.
 */
class ChangelogGeneratorTest {
    private static final Path GOLDEN = Path.of("src/test/resources/golden");

    @TempDir
    private Path directory;

    @ParameterizedTest
    @CsvSource({
        "plain, XML",
        "plain, YAML",
        "odd, XML",
        "odd, YAML",
        "kinds, XML",
        "kinds, YAML",
        "tuned, XML",
        "tuned, YAML",
        "exchanges, XML",
        "exchanges, YAML"
    })
    void givesExactlyTheGoldenFile(String name, ChangelogFormat format) throws Exception {
        ChangelogFile file = generate(GoldenConfigs.ALL.get(name), format);
        Path golden = GOLDEN.resolve(name).resolve(file.name());
        if (Boolean.getBoolean("golden.update")) {
            Files.writeString(golden, file.text());
        }

        assertThat(file.name()).isEqualTo("changelog." + format.extension());
        assertThat(file.text()).isEqualTo(Files.readString(golden));
    }

    @ParameterizedTest
    @CsvSource({"plain", "odd", "kinds", "exchanges"})
    void givesTheSameChangesetsInBothFormats(String name) throws Exception {
        String config = GoldenConfigs.ALL.get(name);
        ChangelogFile xml = generate(config, ChangelogFormat.XML);
        ChangelogFile yaml = generate(config, ChangelogFormat.YAML);

        assertThat(changesetsOfXml(xml.text())).isNotEmpty().isEqualTo(changesetsOfYaml(yaml.text()));
        assertThat(xml.ids()).isPresent().isEqualTo(yaml.ids());
    }

    @Test
    void carriesOddNamesThroughBothFormatsUnchanged() throws Exception {
        for (ChangelogFormat format : ChangelogFormat.values()) {
            String text = generate(GoldenConfigs.ODD, format).text();
            List<Map<String, Object>> changesets =
                    format == ChangelogFormat.XML ? changesetsOfXml(text) : changesetsOfYaml(text);

            assertThat(changesets)
                    .anySatisfy(changeset -> assertThat(changeset)
                            .containsEntry("id", "Tom's <Orders> -- \\ #1: [x] {y} % é-swap")
                            .containsEntry("lockedSwap.schemaName", "Sales & \"Co\"")
                            .containsEntry("lockedSwap.tableName", "Tom's <Orders> -- \\ #1: [x] {y} % é")
                            .containsEntry("lockedSwap.newTableName", "é".repeat(31) + "1")
                            .containsEntry("lockedSwap.keyColumns", "Tenant \"A\",it's"));
        }
    }

    @Test
    void carriesExpressionsThroughBothFormatsUnchanged() throws Exception {
        for (ChangelogFormat format : ChangelogFormat.values()) {
            String text = generate(GoldenConfigs.KINDS, format).text();
            List<Map<String, Object>> changesets =
                    format == ChangelogFormat.XML ? changesetsOfXml(text) : changesetsOfYaml(text);

            assertThat(changesets.get(1).get("createPartitionedTable.columns"))
                    .asInstanceOf(InstanceOfAssertFactories.list(Map.class))
                    .contains(
                            Map.of("name", "id", "type", "bigint"),
                            Map.of(
                                    "name", "amount",
                                    "type", "numeric(14,2)",
                                    "using", "round(amount, 2)",
                                    "reverseUsing", "amount"),
                            Map.of(
                                    "name", "note",
                                    "type", "text",
                                    "using", "CASE WHEN note < '<' AND note <> '\\ \"&\"' THEN note END"));
            assertThat(changesets.get(1).get("sourceColumns.columns"))
                    .isEqualTo(Stream.of("id", "shipped_at", "paid_on", "created", "amount", "note")
                            .map(name -> Map.of("name", name))
                            .toList());
        }
    }

    @Test
    void ordersTheStepsAndTheirLabels() throws Exception {
        assertThat(changesetsOfXml(
                        generate(GoldenConfigs.PLAIN, ChangelogFormat.XML).text()))
                .filteredOn(changeset -> changeset.get("logicalFilePath").equals("liquibase-partition/public.orders"))
                .extracting(changeset -> changeset.get("id") + " " + changeset.get("labels") + " "
                        + changeset.getOrDefault("runInTransaction", "true"))
                .containsExactly(
                        "orders-before prepare true",
                        "orders-prepare prepare true",
                        "orders-capture copy false",
                        "orders-copy copy false",
                        "orders-index copy false",
                        "orders-replay copy false",
                        "orders-verify verify false",
                        "orders-before-swap swap true",
                        "orders-swap swap false",
                        "orders-swapped swap true",
                        "orders-drop drop false",
                        "orders-upkeep upkeep false");
    }

    @Test
    void leavesOutWhatTheConfigLeavesOut() throws Exception {
        for (ChangelogFormat format : ChangelogFormat.values()) {
            assertThat(generate(alone("payments"), format).text())
                    .doesNotContain(
                            "schemaName",
                            "chunkSize",
                            "workers",
                            "pauseBetweenChunks",
                            "maxLoad",
                            "lockTimeout",
                            "OldTransactions",
                            "- column:",
                            "<partition:column ",
                            "routing",
                            "incomingForeignKeys",
                            "combinedColumn",
                            "textFormat",
                            "epoch",
                            "keyTime",
                            "null");
        }
    }

    @Test
    void givesTheSameBytesWhateverTheMachineIsSetTo() throws Exception {
        ChangelogFile usual = generate(GoldenConfigs.ODD, ChangelogFormat.XML);
        Locale locale = Locale.getDefault();
        TimeZone zone = TimeZone.getDefault();
        try {
            Locale.setDefault(Locale.forLanguageTag("ar-EG-u-nu-arab"));
            TimeZone.setDefault(TimeZone.getTimeZone("Pacific/Kiritimati"));

            assertThat(generate(GoldenConfigs.ODD, ChangelogFormat.XML)).isEqualTo(usual);
        } finally {
            Locale.setDefault(locale);
            TimeZone.setDefault(zone);
        }
    }

    @Test
    void endsWithTheUpkeepOfATableWhosePartitionsAreMadeAhead() throws Exception {
        String config = """
                tables:
                  - tableName: orders
                    keyColumns: [id]
                    lockTimeout: 500ms
                    partitionBy: {columns: [created_at], from: 2024-01, ahead: 6}
                """;

        String xml = generate(config, ChangelogFormat.XML).text();
        assertThat(xml.split(" ahead=\"6\"", -1)).hasSize(4);
        assertThat(xml)
                .contains(
                        "Makes orders_new: partitions by month from 2024-01, 6 ahead of the day on which it runs, and a default partition")
                .doesNotContain("until=")
                .endsWith("""
                          <changeSet id="orders-upkeep" author="liquibase-partition" labels="upkeep" runAlways="true" runInTransaction="false"
                              logicalFilePath="liquibase-partition/orders">
                            <comment>Makes the partitions of orders that are missing for 6 months after the present one</comment>
                            <partition:addPartitions tableName="orders"
                                ahead="6"
                                lockTimeout="500ms"/>
                          </changeSet>
                        </databaseChangeLog>
                        """);
        assertThat(generate(config, ChangelogFormat.YAML).text()).endsWith("""
                  - changeSet:
                      id: "orders-upkeep"
                      author: liquibase-partition
                      logicalFilePath: "liquibase-partition/orders"
                      labels: upkeep
                      runAlways: true
                      runInTransaction: false
                      comment: "Makes the partitions of orders that are missing for 6 months after the present one"
                      changes:
                        - addPartitions:
                            tableName: "orders"
                            ahead: 6
                            lockTimeout: "500ms"
                """);
    }

    /** So that a later end takes effect, whenever it is written. */
    @Test
    void endsWithTheUpkeepOfATableWhosePartitionsHaveAFixedEnd() throws Exception {
        String config = """
                tables:
                  - tableName: orders
                    keyColumns: [id]
                    partitionBy: {columns: [created_at], from: 2024-01, until: 2027-01}
                """;

        assertThat(generate(config, ChangelogFormat.XML).text()).contains("""
                          <changeSet id="orders-upkeep" author="liquibase-partition" labels="upkeep" runAlways="true" runInTransaction="false"
                              logicalFilePath="liquibase-partition/orders">
                            <comment>Makes the partitions of orders that are missing until 2027-01</comment>
                            <partition:addPartitions tableName="orders"
                                until="2027-01"/>
                          </changeSet>
                        """);
        assertThat(generate(config, ChangelogFormat.YAML).text())
                .contains("comment: \"Makes the partitions of orders that are missing until 2027-01\"")
                .endsWith("""
                        - addPartitions:
                            tableName: "orders"
                            until: "2027-01"
                """);
    }

    @Test
    void endsWithTheRetirementOfATableThatKeepsSomeOfItsPartitions() throws Exception {
        String config = """
                tables:
                  - tableName: orders
                    keyColumns: [id]
                    lockTimeout: 500ms
                    keep: 36
                    retire: detach
                    retireSchema: retired
                    partitionBy: {columns: [created_at], from: 2024-01, ahead: 6}
                """;

        assertThat(generate(config, ChangelogFormat.XML).text()).endsWith("""
                          <changeSet id="orders-retire" author="liquibase-partition" labels="upkeep" runAlways="true" runInTransaction="false"
                              logicalFilePath="liquibase-partition/orders">
                            <comment>Takes the partitions out of orders that can only hold rows of more than 36 months before the present one; each becomes a table of its own, in the schema retired</comment>
                            <partition:retirePartitions tableName="orders"
                                keep="36"
                                retire="detach"
                                retireSchema="retired"
                                lockTimeout="500ms"/>
                          </changeSet>
                        </databaseChangeLog>
                        """);
        assertThat(generate(config.replace("    retireSchema: retired\n", ""), ChangelogFormat.YAML)
                        .text())
                .endsWith("""
                  - changeSet:
                      id: "orders-retire"
                      author: liquibase-partition
                      logicalFilePath: "liquibase-partition/orders"
                      labels: upkeep
                      runAlways: true
                      runInTransaction: false
                      comment: "Takes the partitions out of orders that can only hold rows of more than 36 months before the present one; each becomes a table of its own"
                      changes:
                        - retirePartitions:
                            tableName: "orders"
                            keep: 36
                            retire: detach
                            lockTimeout: "500ms"
                """);
    }

    @Test
    void archivesWhatLeavesBeforeItsDropIsAskedFor() throws Exception {
        String config = """
                tables:
                  - tableName: orders
                    keyColumns: [id]
                    keep: 36
                    retire: archive
                    archive: {files: /srv/archive, format: csv.gz}
                    partitionBy: {columns: [created_at], from: 2024-01, ahead: 6}
                """;

        assertThat(generate(config, ChangelogFormat.XML).text())
                .contains("<property name=\"retireApproved\" value=\"\"/>")
                .contains("""
                            <comment>Takes the partitions out of orders that can only hold rows of more than 36 months before the present one; each becomes a table of its own, until its rows are in files below /srv/archive and it is dropped</comment>
                            <partition:retirePartitions tableName="orders"
                                keep="36"
                                retire="archive"
                                archiveFiles="/srv/archive"
                                archiveFormat="csv.gz"/>
                          </changeSet>
                        """)
                .endsWith("""
                          <changeSet id="orders-drop-retired" author="liquibase-partition" labels="upkeep" runAlways="true" runInTransaction="false"
                              logicalFilePath="liquibase-partition/orders">
                            <preConditions onFail="CONTINUE">
                              <partition:approved operation="retire" tableName="orders" approvedTables="${retireApproved}"/>
                            </preConditions>
                            <comment>DROPS what has left orders, once that is approved</comment>
                            <partition:dropRetiredPartitions tableName="orders"/>
                          </changeSet>
                        </databaseChangeLog>
                        """);
        assertThat(generate(config, ChangelogFormat.YAML).text()).contains("""
                            keep: 36
                            retire: archive
                            archiveFiles: "/srv/archive"
                            archiveFormat: "csv.gz"
                """);
    }

    @Test
    void dropsNothingOfWhatMovesToAnotherTablespace() throws Exception {
        String config = """
                tables:
                  - tableName: orders
                    keyColumns: [id]
                    keep: 36
                    retire: archive
                    archive: {tablespace: Cold}
                    partitionBy: {columns: [created_at], from: 2024-01, ahead: 6}
                """;

        assertThat(generate(config, ChangelogFormat.XML).text())
                .doesNotContain("retireApproved")
                .endsWith("""
                            <comment>Moves the partitions of orders that can only hold rows of more than 36 months before the present one to the tablespace Cold, where they stay partitions</comment>
                            <partition:retirePartitions tableName="orders"
                                keep="36"
                                retire="archive"
                                archiveTablespace="Cold"/>
                          </changeSet>
                        </databaseChangeLog>
                        """);
    }

    @Test
    void givesTablesTheSameChangesetsWhateverElseTheConfigHolds() throws Exception {
        for (ChangelogFormat format : ChangelogFormat.values()) {
            String together = generate(GoldenConfigs.PLAIN, format).text();
            String alone = generate(alone("payments"), format).text();
            String ofPayments = alone.substring(alone.indexOf("==== The table payments ===="));

            assertThat(together).endsWith(ofPayments);
        }
    }

    /** This was so when each table had a file of its own, and users who have run those must not run them again. */
    @Test
    void identifiesAChangesetByItsTableAndNotByTheFile() throws Exception {
        assertThat(changesetsOfXml(
                        generate(GoldenConfigs.ODD, ChangelogFormat.XML).text()))
                .extracting(changeset -> changeset.get("logicalFilePath") + "::" + changeset.get("id"))
                .contains(
                        "liquibase-partition/eu.orders::orders-swap",
                        "liquibase-partition/us.orders::us_orders-swap",
                        "liquibase-partition/Orders::Orders-swap",
                        "liquibase-partition/changelog::changelog-swap")
                .doesNotHaveDuplicates();
    }

    @Test
    void endsLinesWithLineFeedsAndTheFileWithOne() throws Exception {
        for (ChangelogFormat format : ChangelogFormat.values()) {
            assertThat(generate(GoldenConfigs.ODD, format).text())
                    .doesNotContain("\r", "\t", " \n", "\n\n\n")
                    .endsWith("\n")
                    .doesNotEndWith("\n\n");
        }
    }

    private ChangelogFile generate(String yaml, ChangelogFormat format) throws Exception {
        TablesConfig config = new ConfigReader().read(Files.writeString(directory.resolve("tables.yaml"), yaml));
        return ChangelogGenerator.withBuiltInTemplates().generate(config, format);
    }

    /** The last table of {@link GoldenConfigs#PLAIN}, as the only one. */
    private static String alone(String table) {
        return "tables:\n" + GoldenConfigs.PLAIN.substring(GoldenConfigs.PLAIN.indexOf("  - tableName: " + table));
    }

    /** Each changeset as one flat map: {@code id}, {@code labels}, {@code lockedSwap.tableName}, … */
    private static List<Map<String, Object>> changesetsOfXml(String text) throws Exception {
        DocumentBuilderFactory factory = DocumentBuilderFactory.newInstance();
        factory.setNamespaceAware(true);
        Document document = factory.newDocumentBuilder().parse(new InputSource(new StringReader(text)));
        List<Map<String, Object>> changesets = new ArrayList<>();
        for (Element changeSet : children(document.getDocumentElement())) {
            if (!changeSet.getLocalName().equals("changeSet")) {
                continue;
            }
            Map<String, Object> flat = new LinkedHashMap<>(attributes("", changeSet));
            for (Element child : children(changeSet)) {
                if (child.getLocalName().equals("comment")) {
                    flat.put("comment", child.getTextContent());
                } else if (child.getLocalName().equals("preConditions")) {
                    flat.put("preConditions.onFail", child.getAttribute("onFail"));
                    children(child).forEach(condition -> flat.putAll(flatElement(condition)));
                } else {
                    flat.putAll(flatElement(child));
                }
            }
            changesets.add(flat);
        }
        return changesets;
    }

    private static Map<String, Object> flatElement(Element element) {
        Map<String, Object> flat = attributes(element.getLocalName() + ".", element);
        List<Map<String, Object>> columns =
                children(element).stream().map(column -> attributes("", column)).toList();
        if (!columns.isEmpty()) {
            flat.put(element.getLocalName() + ".columns", columns);
        }
        return flat;
    }

    private static Map<String, Object> attributes(String prefix, Element element) {
        Map<String, Object> attributes = new LinkedHashMap<>();
        for (int i = 0; i < element.getAttributes().getLength(); i++) {
            Node attribute = element.getAttributes().item(i);
            attributes.put(prefix + attribute.getNodeName(), attribute.getNodeValue());
        }
        return attributes;
    }

    private static List<Element> children(Element parent) {
        List<Element> children = new ArrayList<>();
        NodeList nodes = parent.getChildNodes();
        for (int i = 0; i < nodes.getLength(); i++) {
            if (nodes.item(i) instanceof Element element) {
                children.add(element);
            }
        }
        return children;
    }

    private static List<Map<String, Object>> changesetsOfYaml(String text) {
        Map<?, ?> document = new Yaml(new SafeConstructor(new LoaderOptions())).load(text);
        List<Map<String, Object>> changesets = new ArrayList<>();
        for (Object entry : (List<?>) document.get("databaseChangeLog")) {
            Object changeSet = ((Map<?, ?>) entry).get("changeSet");
            if (changeSet != null) {
                changesets.add(flatYaml((Map<?, ?>) changeSet));
            }
        }
        return changesets;
    }

    private static Map<String, Object> flatYaml(Map<?, ?> changeSet) {
        Map<String, Object> flat = new LinkedHashMap<>();
        changeSet.forEach((key, value) -> {
            if (!(value instanceof List<?> entries)) {
                flat.put((String) key, value.toString());
                return;
            }
            for (Object entry : entries) {
                ((Map<?, ?>) entry).forEach((name, attributes) -> {
                    if (attributes instanceof Map<?, ?> map) {
                        map.forEach((attribute, text) -> flat.put(name + "." + attribute, flatColumns(text)));
                    } else {
                        flat.put("preConditions." + name, attributes);
                    }
                });
            }
        });
        return flat;
    }

    private static Object flatColumns(Object value) {
        return value instanceof List<?> columns
                ? columns.stream()
                        .map(column -> ((Map<?, ?>) column).get("column"))
                        .toList()
                : value.toString();
    }
}
