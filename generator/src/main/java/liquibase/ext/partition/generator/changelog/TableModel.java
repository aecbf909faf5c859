package liquibase.ext.partition.generator.changelog;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import liquibase.ext.partition.attribute.TuningAttribute;
import liquibase.ext.partition.generator.config.ExchangeConfig;
import liquibase.ext.partition.generator.config.PartitionBy;
import liquibase.ext.partition.generator.config.TableConfig;

/**
 * The model that the template of a table or an exchange sees: texts, numbers, lists and maps, and nothing else.
 * Settings that the config leaves out are missing.
 */
final class TableModel {
    private static final Set<String> NOT_OF_EXCHANGES =
            Set.of(TuningAttribute.ACCEPT_TRIGGERS.attributeName(), TuningAttribute.MAX_DEFAULT_SHARE.attributeName());

    private TableModel() {}

    static Map<String, Object> of(TableConfig table) {
        PartitionBy partitionBy = table.partitionBy();
        Map<String, Object> model = new LinkedHashMap<>();
        model.put("prefix", table.changesetPrefix());
        model.put("kind", "table");
        model.put("logicalFilePath", logicalFilePath(table.schemaName(), table.tableName()));
        putIfPresent(model, "schemaName", table.schemaName());
        model.put("tableName", table.tableName());
        model.put("newTableName", table.newTableName());
        model.put("backupTableName", table.backupTableName());
        model.put("deltaTableName", table.deltaTableName());
        model.put("partitionPrefix", table.partitionPrefix());
        putIfPresent(model, "partitionSchema", table.partitionSchema());
        model.put("keyColumns", table.keyColumns());
        model.put("partitionColumns", partitionBy.columns());
        putIfPresent(model, "combinedColumn", partitionBy.combinedColumn());
        putIfPresent(model, "textFormat", partitionBy.textFormat());
        if (partitionBy.epoch() != null) {
            model.put("epoch", partitionBy.epoch().word());
        }
        putIfPresent(model, "keyTime", partitionBy.keyTime());
        model.put("interval", partitionBy.interval().word());
        model.put("from", partitionBy.interval().write(partitionBy.from()));
        if (partitionBy.until() != null) {
            model.put("until", partitionBy.interval().write(partitionBy.until()));
            model.put("partitionCount", partitionBy.partitionCount());
        } else {
            model.put("ahead", partitionBy.ahead());
        }
        if (table.routing() != null) {
            model.put("routing", table.routing().word());
        }
        if (table.incomingForeignKeys() != null) {
            model.put("incomingForeignKeys", table.incomingForeignKeys().word());
        }
        model.put("columns", columns(table));
        if (table.keep() != null) {
            model.put("keep", table.keep());
            model.put("retire", table.retire().word());
            putIfPresent(model, "retireApproval", table.retireApproval());
            putIfPresent(model, "retireSchema", table.retireSchema());
            model.put("dropsRetired", table.dropsRetired());
            if (table.archive() != null) {
                model.put("archive", table.archive().attributes());
            }
        }
        model.putAll(table.tuning().settings());
        return model;
    }

    /** The model of an exchange, whose source is a partition. Settings that no exchange has are left out. */
    static Map<String, Object> of(ExchangeConfig exchange) {
        Map<String, Object> model = new LinkedHashMap<>();
        model.put("prefix", exchange.changesetPrefix());
        model.put("kind", "partition");
        model.put("logicalFilePath", logicalFilePath(exchange.schemaName(), exchange.tableName()));
        putIfPresent(model, "schemaName", exchange.schemaName());
        model.put("tableName", exchange.tableName());
        putIfPresent(model, "throughTableName", exchange.throughTableName());
        model.put("newTableName", exchange.newTableName());
        model.put("backupTableName", exchange.backupTableName());
        model.put("deltaTableName", exchange.deltaTableName());
        model.put("partitionPrefix", exchange.partitionPrefix());
        model.put("keyColumns", exchange.keyColumns());
        model.put("columns", List.of());
        model.put("interval", exchange.interval().word());
        if (exchange.from() != null) {
            model.put("from", exchange.from().toString());
            model.put("until", exchange.until().toString());
        }
        model.putAll(exchange.tuning().settings());
        model.keySet().removeAll(NOT_OF_EXCHANGES);
        return model;
    }

    /**
     * Part of each changeset's identity. It names the table, but no directory and no format, so that moving the
     * changelogs, or generating the other format, runs nothing again.
     */
    private static String logicalFilePath(String schemaName, String tableName) {
        String schema = schemaName == null ? "" : schemaName + ".";
        return ChangelogFile.LOGICAL_FILE_PATHS + schema + tableName;
    }

    private static List<Map<String, Object>> columns(TableConfig table) {
        List<Map<String, Object>> columns = new ArrayList<>();
        table.columns().forEach((name, column) -> {
            Map<String, Object> model = new LinkedHashMap<>();
            model.put("name", name);
            model.put("type", column.type());
            putIfPresent(model, "using", column.using());
            putIfPresent(model, "reverseUsing", column.reverseUsing());
            columns.add(model);
        });
        return columns;
    }

    private static void putIfPresent(Map<String, Object> model, String key, Object value) {
        if (value != null) {
            model.put(key, value);
        }
    }
}
