package liquibase.ext.partition.generator.config.read;

import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;
import liquibase.ext.partition.attribute.TuningAttribute;
import liquibase.ext.partition.engine.newtable.IncomingForeignKeys;
import liquibase.ext.partition.engine.partitioning.Routing;
import liquibase.ext.partition.engine.retirement.RetirementWay;
import liquibase.ext.partition.engine.time.Epoch;
import liquibase.ext.partition.generator.config.ExchangeConfig;
import liquibase.ext.partition.generator.config.PartitionBy;
import liquibase.ext.partition.generator.config.TableConfig;
import liquibase.ext.partition.generator.config.TableTuning;
import liquibase.ext.partition.generator.config.TablesConfig;
import liquibase.ext.partition.generator.config.document.ConfigDocument;
import liquibase.ext.partition.generator.config.document.InvalidConfigException;
import liquibase.ext.partition.generator.config.document.Problem;
import tools.jackson.databind.JsonNode;

/** Reads a table config. Has no state but the schema; safe to use for any number of files. */
public final class ConfigReader {
    private final SchemaDocument schema = new SchemaDocument();

    /**
     * Reads and checks a config.
     *
     * @throws InvalidConfigException with all problems, by line
     * @throws IOException when the file is there but cannot be read
     */
    public TablesConfig read(Path file) throws InvalidConfigException, IOException {
        ConfigDocument document = ConfigDocument.read(file);
        List<TableEntry> tables = TableEntry.of(document.root());
        List<TableEntry> exchanges = TableEntry.exchangesOf(document.root());
        List<TableEntry> all =
                Stream.concat(tables.stream(), exchanges.stream()).toList();
        List<Problem> problems = new ArrayList<>(document.problems());
        problems.addAll(new SchemaRules(schema).problems(document));
        problems.addAll(new NameRules(document).problems(all));
        problems.addAll(new PartitionRules(document).problems(tables));
        problems.addAll(new ExchangeRules(document).problems(exchanges));
        problems.addAll(new TimeRules(document).problems(tables));
        problems.addAll(new TuningRules(document, schema).problems(all));
        problems.addAll(new RelationRules(document).problems(tables, exchanges));
        if (!problems.isEmpty()) {
            problems.sort(Comparator.comparingInt(Problem::line));
            throw new InvalidConfigException(problems);
        }
        JsonNode defaults = document.root().path(TableEntry.DEFAULTS);
        List<TableConfig> configs = new ArrayList<>();
        for (TableEntry table : tables) {
            List<String> before = configs.stream().map(TableConfig::tableName).toList();
            configs.add(table(table, before, tuning(table, defaults)));
        }
        List<ExchangeConfig> exchangeConfigs = new ArrayList<>();
        List<String> before =
                new ArrayList<>(configs.stream().map(TableConfig::tableName).toList());
        for (TableEntry exchange : exchanges) {
            exchangeConfigs.add(exchange(exchange, before, tuning(exchange, defaults)));
            before.add(exchange.text(TableEntry.TABLE_NAME).orElseThrow());
        }
        return new TablesConfig(configs, exchangeConfigs);
    }

    /** Only for an entry without problems. */
    private static ExchangeConfig exchange(TableEntry entry, List<String> before, TableTuning tuning) {
        return new ExchangeConfig(
                ChangesetPrefix.of(entry, before),
                entry.text(TableEntry.SCHEMA_NAME).orElse(null),
                entry.text(TableEntry.TABLE_NAME).orElseThrow(),
                entry.text(TableEntry.THROUGH_TABLE_NAME).orElse(null),
                entry.name("newTableName").orElseThrow(),
                entry.name("backupTableName").orElseThrow(),
                entry.name("deltaTableName").orElseThrow(),
                entry.name(TableEntry.PARTITION_PREFIX).orElseThrow(),
                List.copyOf(entry.keyColumns().values()),
                entry.interval().orElseThrow(),
                entry.bound("from").orElse(null),
                entry.bound("until").orElse(null),
                tuning);
    }

    /** Only for an entry without problems. */
    private static TableConfig table(TableEntry entry, List<String> before, TableTuning tuning) {
        return new TableConfig(
                ChangesetPrefix.of(entry, before),
                entry.text(TableEntry.SCHEMA_NAME).orElse(null),
                entry.text(TableEntry.TABLE_NAME).orElseThrow(),
                entry.name("newTableName").orElseThrow(),
                entry.name("backupTableName").orElseThrow(),
                entry.name("deltaTableName").orElseThrow(),
                entry.name(TableEntry.PARTITION_PREFIX).orElseThrow(),
                entry.text(TableEntry.PARTITION_SCHEMA).orElse(null),
                List.copyOf(entry.keyColumns().values()),
                entry.text(TableEntry.ROUTING).map(Routing::parse).orElse(null),
                entry.text(TableEntry.INCOMING_FOREIGN_KEYS)
                        .map(IncomingForeignKeys::parse)
                        .orElse(null),
                new PartitionBy(
                        List.copyOf(entry.partitionColumns().values()),
                        entry.partitionText(TableEntry.COMBINED_COLUMN).orElse(null),
                        entry.partitionText(TableEntry.TEXT_FORMAT).orElse(null),
                        entry.partitionText(TableEntry.EPOCH)
                                .map(Epoch.Unit::parse)
                                .orElse(null),
                        entry.partitionText(TableEntry.KEY_TIME).orElse(null),
                        entry.interval().orElseThrow(),
                        entry.bound("from").orElseThrow(),
                        entry.bound("until").orElse(null),
                        entry.ahead().orElse(null)),
                entry.columns(),
                entry.keep().orElse(null),
                entry.text(TableEntry.RETIRE).map(RetirementWay::parse).orElse(null),
                entry.text(TableEntry.RETIRE_APPROVAL).orElse(null),
                entry.text(TableEntry.RETIRE_SCHEMA).orElse(null),
                entry.archive().orElse(null),
                tuning);
    }

    /** The table's setting, or else the one in the defaults; off means that the table takes none of the defaults. */
    private static TableTuning tuning(TableEntry entry, JsonNode defaults) {
        Map<String, Object> settings = new LinkedHashMap<>();
        for (TuningAttribute setting : TuningAttribute.OF_CONFIG) {
            String key = setting.attributeName();
            JsonNode value = entry.json().path(key);
            JsonNode said = value.isMissingNode() ? defaults.path(key) : value;
            TableEntry.scalar(said)
                    .filter(text -> !TuningRules.isOff(setting, text))
                    .ifPresent(text -> settings.put(key, said.isNumber() ? said.longValue() : text));
        }
        return new TableTuning(settings);
    }
}
