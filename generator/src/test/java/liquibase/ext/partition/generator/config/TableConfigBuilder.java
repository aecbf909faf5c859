package liquibase.ext.partition.generator.config;

import java.time.LocalDate;
import java.util.List;
import java.util.Map;
import liquibase.ext.partition.engine.newtable.IncomingForeignKeys;
import liquibase.ext.partition.engine.partitioning.PartitionInterval;
import liquibase.ext.partition.engine.partitioning.Routing;
import liquibase.ext.partition.engine.time.Epoch;

/**
 * Builds a table config for a test. A test sets what matters to it; otherwise the table has the key {@code id}, is
 * partitioned by the months of {@code created_at}, and has the default names.
 */
public final class TableConfigBuilder {
    private final String tableName;
    private String schemaName;
    private String newTableName;
    private String backupTableName;
    private String deltaTableName;
    private String partitionPrefix;
    private String partitionSchema;
    private List<String> keyColumns = List.of("id");
    private Routing routing;
    private IncomingForeignKeys incomingForeignKeys;
    private List<String> partitionColumns = List.of("created_at");
    private String combinedColumn;
    private String textFormat;
    private Epoch.Unit epoch;
    private LocalDate from = LocalDate.of(2024, 1, 1);
    private LocalDate until = LocalDate.of(2026, 7, 1);
    private Integer ahead;
    private Map<String, ColumnConfig> columns = Map.of();
    private TableTuning tuning = TableTuning.NONE;

    private TableConfigBuilder(String tableName) {
        this.tableName = tableName;
        newTableName = tableName + "_new";
        backupTableName = tableName + "_old";
        deltaTableName = tableName + "_delta";
        partitionPrefix = tableName + "_";
    }

    public static TableConfigBuilder table(String tableName) {
        return new TableConfigBuilder(tableName);
    }

    public TableConfigBuilder schema(String name) {
        schemaName = name;
        return this;
    }

    public TableConfigBuilder names(String newTable, String backupTable, String deltaTable, String prefix) {
        newTableName = newTable;
        backupTableName = backupTable;
        deltaTableName = deltaTable;
        partitionPrefix = prefix;
        return this;
    }

    public TableConfigBuilder partitionSchema(String name) {
        partitionSchema = name;
        return this;
    }

    public TableConfigBuilder keyColumns(String... names) {
        keyColumns = List.of(names);
        return this;
    }

    public TableConfigBuilder routing(Routing by) {
        routing = by;
        return this;
    }

    public TableConfigBuilder incomingForeignKeys(IncomingForeignKeys fate) {
        incomingForeignKeys = fate;
        return this;
    }

    public TableConfigBuilder partitionColumns(String... names) {
        partitionColumns = List.of(names);
        return this;
    }

    public TableConfigBuilder combinedColumn(String name) {
        combinedColumn = name;
        return this;
    }

    public TableConfigBuilder textFormat(String format) {
        textFormat = format;
        return this;
    }

    public TableConfigBuilder epoch(Epoch.Unit unit) {
        epoch = unit;
        return this;
    }

    public TableConfigBuilder ahead(int intervals) {
        ahead = intervals;
        return this;
    }

    /** The first day with a partition, and the first without one. */
    public TableConfigBuilder range(LocalDate first, LocalDate end) {
        from = first;
        until = end;
        return this;
    }

    public TableConfigBuilder columns(Map<String, ColumnConfig> byName) {
        columns = byName;
        return this;
    }

    public TableConfigBuilder tuning(Map<String, Object> settings) {
        tuning = new TableTuning(settings);
        return this;
    }

    public TableConfig build() {
        return new TableConfig(
                tableName,
                schemaName,
                tableName,
                newTableName,
                backupTableName,
                deltaTableName,
                partitionPrefix,
                partitionSchema,
                keyColumns,
                routing,
                incomingForeignKeys,
                new PartitionBy(
                        partitionColumns,
                        combinedColumn,
                        textFormat,
                        epoch,
                        null,
                        PartitionInterval.MONTH,
                        from,
                        ahead == null ? until : null,
                        ahead),
                columns,
                null,
                null,
                null,
                null,
                null,
                tuning);
    }
}
