package liquibase.ext.partition.generator.config;

import java.time.LocalDate;
import java.util.List;
import liquibase.ext.partition.engine.partitioning.PartitionInterval;

/**
 * How one partition of a table, or several together, are exchanged for others; default names are filled in. Names have
 * the form in which PostgreSQL stores them: not quoted, with their case.
 *
 * @param changesetPrefix the beginning of the ids of its changesets and of its tags, unique in the config
 * @param schemaName null for Liquibase's default schema
 * @param tableName the partition as it is today, or the first of several
 * @param throughTableName the last of several that leave together; null for one alone
 * @param newTableName the table that holds the new partitions until the exchange
 * @param backupTableName the old partition after the exchange
 * @param deltaTableName the table that holds the keys of rows written since capture began
 * @param partitionPrefix the beginning of the new partitions' names
 * @param keyColumns the columns that identify rows; at least one
 * @param interval the span of a new partition
 * @param from the first day with a new partition; null for the day on which the partition begins
 * @param until the first day without one; null, as {@code from} is then, for the day on which it ends
 * @param tuning how the exchange works; from {@code defaults} if its entry has no settings
 */
public record ExchangeConfig(
        String changesetPrefix,
        String schemaName,
        String tableName,
        String throughTableName,
        String newTableName,
        String backupTableName,
        String deltaTableName,
        String partitionPrefix,
        List<String> keyColumns,
        PartitionInterval interval,
        LocalDate from,
        LocalDate until,
        TableTuning tuning) {
    /** Copies the list. */
    public ExchangeConfig {
        keyColumns = List.copyOf(keyColumns);
    }
}
