package liquibase.ext.partition.generator.config.read;

import static org.assertj.core.api.Assertions.assertThat;

import com.networknt.schema.InputFormat;
import com.networknt.schema.SchemaLocation;
import com.networknt.schema.SchemaRegistry;
import com.networknt.schema.SpecificationVersion;
import com.networknt.schema.dialect.Dialects;
import java.lang.reflect.RecordComponent;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import liquibase.ext.partition.attribute.TuningAttribute;
import liquibase.ext.partition.engine.newtable.IncomingForeignKeys;
import liquibase.ext.partition.engine.partitioning.PartitionInterval;
import liquibase.ext.partition.engine.partitioning.Routing;
import liquibase.ext.partition.engine.time.Epoch;
import liquibase.ext.partition.generator.config.ArchiveConfig;
import liquibase.ext.partition.generator.config.ColumnConfig;
import liquibase.ext.partition.generator.config.ExchangeConfig;
import liquibase.ext.partition.generator.config.PartitionBy;
import liquibase.ext.partition.generator.config.TableConfig;
import liquibase.ext.partition.generator.config.TablesConfig;
import liquibase.ext.partition.generator.config.document.KeyPath;
import org.junit.jupiter.api.Test;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.node.JsonNodeFactory;
import tools.jackson.databind.node.ObjectNode;

class TablesSchemaTest {
    private final SchemaDocument schema = new SchemaDocument();
    private final KeyPath table = KeyPath.ROOT.child("tables").child(0);
    private final KeyPath defaults = KeyPath.ROOT.child("defaults");
    private final KeyPath exchange = KeyPath.ROOT.child("exchanges").child(0);
    private final KeyPath archive = table.child("archive");
    private final KeyPath column = table.child("columns").child("amount");

    @Test
    void isASchemaOfDraft2020() {
        assertThat(SchemaRegistry.withDialect(Dialects.getDraft202012())
                        .getSchema(SchemaLocation.of(SpecificationVersion.DRAFT_2020_12.getDialectId()))
                        .validate(schema.at(KeyPath.ROOT).toString(), InputFormat.JSON))
                .isEmpty();
    }

    @Test
    void documentsEveryKeyWithADescriptionAndAnExample() {
        List<KeyPath> undocumented = keys(KeyPath.ROOT)
                .filter(key -> {
                    JsonNode described = schema.at(key);
                    boolean list = key.equals(table.parent()) || key.equals(exchange.parent());
                    return schema.keyword(described, "description")
                                            .stringValue("")
                                            .length()
                                    < 20
                            || (!list && schema.keyword(described, "examples").isMissingNode());
                })
                .toList();

        assertThat(undocumented).isEmpty();
    }

    @Test
    void givesOnlyExamplesThatItAcceptsItself() {
        List<String> refused = new ArrayList<>();
        JsonNode example = schema.keyword(schema.at(table.child("partitionBy")), "examples")
                .get(0);
        keys(table).forEach(key -> {
            JsonNode value = schema.keyword(schema.at(key), "examples").get(0);
            ObjectNode entry = JsonNodeFactory.instance.objectNode();
            entry.put("tableName", "t").set("partitionBy", example.deepCopy());
            entry.putArray("keyColumns").add("id");
            if (key.parent().equals(table)) {
                entry.set(key.lastKey(), value);
            } else if (key.parent().equals(column)) {
                entry.putObject("columns")
                        .putObject("amount")
                        .put("type", "numeric")
                        .set(key.lastKey(), value);
            } else if (key.parent().equals(archive)) {
                entry.putObject("archive").set(key.lastKey(), value);
            } else {
                ((ObjectNode) entry.get("partitionBy")).set(key.lastKey(), value);
            }
            ObjectNode config = JsonNodeFactory.instance.objectNode();
            config.putArray("tables").add(entry);
            schema.violations(config).forEach(violation -> refused.add(key + ": " + violation));
        });

        assertThat(refused).isEmpty();
    }

    @Test
    void givesOnlyExamplesOfExchangesThatItAcceptsItself() {
        List<String> refused = new ArrayList<>();
        keys(exchange).forEach(key -> {
            JsonNode value = schema.keyword(schema.at(key), "examples").get(0);
            ObjectNode entry = JsonNodeFactory.instance.objectNode();
            entry.put("tableName", "t").put("partitionPrefix", "t_");
            entry.putArray("keyColumns").add("id");
            (key.parent().equals(exchange) ? entry : entry.putObject("partitionBy")).set(key.lastKey(), value);
            ObjectNode config = JsonNodeFactory.instance.objectNode();
            config.putArray("exchanges").add(entry);
            schema.violations(config).forEach(violation -> refused.add(key + ": " + violation));
        });

        assertThat(refused).isEmpty();
    }

    @Test
    void knowsTheSameKeysAsTheModel() {
        assertThat(Stream.concat(
                        properties(exchange).stream().filter(it -> !it.equals("partitionBy")),
                        properties(exchange.child("partitionBy")).stream()))
                .containsExactlyInAnyOrderElementsOf(components(ExchangeConfig.class)
                        .filter(it -> !it.equals("changesetPrefix"))
                        .flatMap(it -> it.equals("tuning") ? tuningKeysOfExchanges() : Stream.of(it))
                        .toList());
        assertThat(properties(table))
                .containsExactlyInAnyOrderElementsOf(components(TableConfig.class)
                        .filter(it -> !it.equals("changesetPrefix"))
                        .flatMap(it -> it.equals("tuning") ? tuningKeys() : Stream.of(it))
                        .toList());
        assertThat(properties(defaults)).containsExactlyElementsOf(tuningKeys().toList());
        assertThat(properties(table.child("partitionBy")))
                .containsExactlyInAnyOrderElementsOf(
                        components(PartitionBy.class).toList());
        assertThat(properties(column))
                .containsExactlyInAnyOrderElementsOf(
                        components(ColumnConfig.class).toList());
        assertThat(properties(archive))
                .containsExactlyInAnyOrderElementsOf(
                        components(ArchiveConfig.class).toList());
        assertThat(properties(KeyPath.ROOT))
                .containsExactlyInAnyOrderElementsOf(
                        Stream.concat(Stream.of("defaults"), components(TablesConfig.class))
                                .toList());
    }

    private static Stream<String> tuningKeys() {
        return TuningAttribute.OF_CONFIG.stream().map(TuningAttribute::attributeName);
    }

    private static Stream<String> tuningKeysOfExchanges() {
        return TuningAttribute.OF_CONFIG.stream()
                .filter(it -> it != TuningAttribute.ACCEPT_TRIGGERS && it != TuningAttribute.MAX_DEFAULT_SHARE)
                .map(TuningAttribute::attributeName);
    }

    @Test
    void takesTheValuesOfEachSettingAndTellsItsDefault() {
        for (TuningAttribute setting : TuningAttribute.OF_CONFIG) {
            KeyPath key = defaults.child(setting.attributeName());
            String description = schema.keyword(schema.at(key), "description")
                    .stringValue("")
                    .replaceAll("\\.$", "");

            assertThat(types(key)).as("%s", key).isEqualTo(typesOf(setting));
            setting.standard()
                    .ifPresent(value -> assertThat(description)
                            .as("%s", key)
                            .containsPattern(
                                    "When it is missing, (the extension's default, )?" + Pattern.quote(value)));
            if (setting.standard().isEmpty()) {
                assertThat(description).as("%s", key).doesNotContain("the extension's default");
            }
        }
    }

    /** If a word is allowed too, or people may forget a unit, the engine reports the problem. */
    private static List<String> typesOf(TuningAttribute setting) {
        return switch (setting.kind()) {
            case NUMBER -> setting.canBeOff() ? List.of("string", "integer") : List.of("integer");
            case COUNT -> List.of("integer");
            case DURATION, DURATION_OR_OFF -> List.of("string", "integer");
            case SHARE, HOURS, QUERY, NAMES -> List.of("string");
            case CHOICE -> List.of();
            case TABLES -> throw new AssertionError("No config says which tables are copied anew.");
        };
    }

    private List<String> types(KeyPath key) {
        JsonNode type = schema.keyword(schema.at(key), "type");
        return type.isString()
                ? List.of(type.stringValue())
                : type.valueStream().map(JsonNode::stringValue).toList();
    }

    @Test
    void offersTheChoicesOfTheEngine() {
        assertThat(choices(table.child("routing")))
                .isEqualTo(Arrays.stream(Routing.values()).map(Routing::word).toList());
        assertThat(choices(table.child("incomingForeignKeys")))
                .isEqualTo(Arrays.stream(IncomingForeignKeys.values())
                        .map(IncomingForeignKeys::word)
                        .toList());
        assertThat(choices(table.child("partitionBy").child("interval")))
                .isEqualTo(Arrays.stream(PartitionInterval.values())
                        .map(PartitionInterval::word)
                        .toList());
        assertThat(choices(table.child("partitionBy").child("epoch")))
                .isEqualTo(
                        Arrays.stream(Epoch.Unit.values()).map(Epoch.Unit::word).toList());
    }

    private List<String> choices(KeyPath key) {
        return schema.keyword(schema.at(key), "enum")
                .valueStream()
                .map(JsonNode::stringValue)
                .toList();
    }

    private static Stream<String> components(Class<? extends Record> type) {
        return Arrays.stream(type.getRecordComponents()).map(RecordComponent::getName);
    }

    private List<String> properties(KeyPath path) {
        return List.copyOf(schema.keyword(schema.at(path), "properties").propertyNames());
    }

    private Stream<KeyPath> keys(KeyPath path) {
        return properties(path).stream()
                .map(path::child)
                .flatMap(key -> Stream.concat(Stream.of(key), keys(inside(key))));
    }

    /** The keys of a list's items, and those of a column, whatever its name. */
    private KeyPath inside(KeyPath key) {
        if (key.equals(table.parent())) {
            return table;
        }
        if (key.equals(exchange.parent())) {
            return exchange;
        }
        return key.equals(table.child("columns")) ? column : key;
    }
}
