package liquibase.ext.partition.generator.config;

import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import liquibase.ext.partition.engine.newtable.IncomingForeignKeys;
import liquibase.ext.partition.engine.partitioning.Routing;
import liquibase.ext.partition.engine.retirement.RetirementWay;

/**
 * How one table is partitioned; default names are filled in. Names have the form in which PostgreSQL stores them: not
 * quoted, with their case.
 *
 * @param changesetPrefix the beginning of the ids of its changesets and of its tags, unique in the config: the table's
 *     name, or {@code schema_table} if a table before it has the same name
 * @param schemaName null for Liquibase's default schema
 * @param tableName the table as it is today
 * @param newTableName the partitioned table while it is filled
 * @param backupTableName the unpartitioned table after the swap
 * @param deltaTableName the table that holds the keys of rows written since capture began
 * @param partitionPrefix the beginning of partitions' names
 * @param partitionSchema the schema of the partitions; null for the table's own
 * @param keyColumns the columns that identify rows; at least one
 * @param routing how a new row finds its partition; null for the extension's default, native
 * @param incomingForeignKeys what becomes of foreign keys that refer to the table; null for the extension's default,
 *     refuse
 * @param columns the columns by name, in the order of the file; empty when the config does not state them
 * @param keep how many intervals before the present one stay in the table; null if all do
 * @param retire what becomes of partitions that leave; null if none does
 * @param retireApproval how the drop of partitions that have left is approved; null for a parameter of each update
 * @param retireSchema the schema into which they are moved; null if they stay in their own
 * @param archive where their rows go; null if they are not archived
 * @param tuning how the migration works; from {@code defaults} if the table's entry has no settings
 */
public record TableConfig(
        String changesetPrefix,
        String schemaName,
        String tableName,
        String newTableName,
        String backupTableName,
        String deltaTableName,
        String partitionPrefix,
        String partitionSchema,
        List<String> keyColumns,
        Routing routing,
        IncomingForeignKeys incomingForeignKeys,
        PartitionBy partitionBy,
        Map<String, ColumnConfig> columns,
        Integer keep,
        RetirementWay retire,
        String retireApproval,
        String retireSchema,
        ArchiveConfig archive,
        TableTuning tuning) {
    /** Whether what leaves the table is dropped in the end: not if it stays, as a table or as a partition. */
    public boolean dropsRetired() {
        return retire == RetirementWay.DROP
                || retire == RetirementWay.ARCHIVE && (archive == null || archive.tablespace() == null);
    }

    /** Copies the collections. */
    public TableConfig {
        keyColumns = List.copyOf(keyColumns);
        columns = Collections.unmodifiableMap(new LinkedHashMap<>(columns));
    }
}
