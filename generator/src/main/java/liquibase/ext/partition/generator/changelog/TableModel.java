package liquibase.ext.partition.generator.changelog;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import liquibase.ext.partition.generator.config.PartitionBy;
import liquibase.ext.partition.generator.config.TableConfig;

/**
 * The model that a table's template sees: texts, numbers, lists and maps, and nothing else. Settings that the config
 * leaves out are missing.
 */
final class TableModel {
    private TableModel() {}

    static Map<String, Object> of(TableConfig table) {
        PartitionBy partitionBy = table.partitionBy();
        Map<String, Object> model = new LinkedHashMap<>();
        model.put("prefix", table.changesetPrefix());
        model.put("logicalFilePath", logicalFilePath(table));
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
        }
        model.putAll(table.tuning().settings());
        return model;
    }

    /**
     * Part of each changeset's identity. It names the table, but no directory and no format, so that moving the
     * changelogs, or generating the other format, runs nothing again.
     */
    private static String logicalFilePath(TableConfig table) {
        String schema = table.schemaName() == null ? "" : table.schemaName() + ".";
        return ChangelogFile.LOGICAL_FILE_PATHS + schema + table.tableName();
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
