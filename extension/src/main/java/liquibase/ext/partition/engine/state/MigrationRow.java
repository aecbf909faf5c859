package liquibase.ext.partition.engine.state;

import java.sql.Array;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.time.LocalDate;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import java.util.function.Function;
import java.util.stream.Stream;
import liquibase.ext.partition.engine.newtable.ColumnChange;
import liquibase.ext.partition.engine.newtable.IncomingForeignKeys;
import liquibase.ext.partition.engine.newtable.NewTableSpec;
import liquibase.ext.partition.engine.partitioning.PartitionInterval;
import liquibase.ext.partition.engine.partitioning.PartitionKeySpec;
import liquibase.ext.partition.engine.partitioning.PartitionLayout;
import liquibase.ext.partition.engine.partitioning.Routing;
import liquibase.ext.partition.engine.sql.Identifier;
import liquibase.ext.partition.engine.sql.QualifiedName;
import liquibase.ext.partition.engine.sql.Sql;
import liquibase.ext.partition.engine.state.Migration.BackupVerification;
import liquibase.ext.partition.engine.state.Migration.CopyPlan;

/** How a migration, and the new table that it was asked for, stand in a row of {@code partition_migration}. */
public final class MigrationRow {
    private static final Sql FIND = Sql.of("""
            SELECT id, source_schema, source_table, new_table, partition_columns, text_format, epoch, key_time,
                   combined_column, partition_prefix, partition_schema, partition_interval, range_from, range_until, routing,
                   incoming_foreign_keys, converted_columns, converted_types, converted_using, converted_reverse_using,
                   phase, source_oid, new_oid, delta_table,
                   key_columns, source_blocks, source_filenode, source_columns, restarting, backup_table,
                   verified_differences, backup_differences,
                   extract(epoch FROM pg_catalog.clock_timestamp() - backup_verified_at)::bigint AS backup_verified_age
            FROM {migration}
            WHERE source_schema = {schema} AND source_table = {table}
            """);

    /** Deletes the record of an earlier table of that name, with its chunks. */
    private static final Sql DELETE_EARLIER =
            Sql.of("DELETE FROM {migration} WHERE source_schema = {schema} AND source_table = {table}");

    /**
     * The statement looks up the oids itself, so that the printed script is right for the table that it has just made.
     */
    private static final Sql INSERT = Sql.of("""
            INSERT INTO {migration} (source_schema, source_table, new_table, partition_columns, text_format, epoch, key_time,
                                     combined_column, partition_prefix, partition_schema, partition_interval, range_from, range_until, routing,
                                     incoming_foreign_keys, converted_columns, converted_types, converted_using, converted_reverse_using,
                                     phase, source_oid, new_oid)
            VALUES ({schema}, {table}, {newTable}, {partitionColumns}, {textFormat}, {epoch}, {keyTime},
                    {combinedColumn}, {prefix}, {partitionSchema}, {interval}, {from}::pg_catalog.date, {until}::pg_catalog.date, {routing},
                    {incomingForeignKeys}, {convertedColumns}, {convertedTypes}, {using}, {reverseUsing},
                    {phase}, ({qualifiedSource}::pg_catalog.regclass)::pg_catalog.oid::bigint, ({qualifiedNew}::pg_catalog.regclass)::pg_catalog.oid::bigint)""");

    private MigrationRow() {}

    /** The query for the migration of the table that the application knows as {@code source}. */
    static Sql query(StateTables tables, QualifiedName source) {
        return FIND.with("migration", tables.migration())
                .with("schema", source.schema().name())
                .with("table", source.name().name());
    }

    /** The statements that record a new migration, for execution and for review. */
    public static List<Sql> insertStatements(StateTables tables, NewTableSpec spec) {
        Sql deleteEarlier = DELETE_EARLIER
                .with("migration", tables.migration())
                .with("schema", spec.source().schema().name())
                .with("table", spec.source().name().name());
        PartitionKeySpec key = spec.partitionKey();
        PartitionLayout layout = spec.layout();
        Sql insert = INSERT.with("migration", tables.migration())
                .with("schema", spec.source().schema().name())
                .with("table", spec.source().name().name())
                .with("newTable", spec.newTableName().name())
                .with("partitionColumns", texts(key.columns().stream(), Identifier::name))
                .with("textFormat", key.textFormat().orElse(null))
                .with("epoch", key.epoch().orElse(null))
                .with("keyTime", key.keyTime().orElse(null))
                .with(
                        "combinedColumn",
                        key.combinedColumn().map(Identifier::name).orElse(null))
                .with("prefix", layout.prefix())
                .with(
                        "partitionSchema",
                        spec.partitionSchema().map(Identifier::name).orElse(null))
                .with("interval", layout.interval().word())
                .with("from", layout.from().toString())
                .with("until", layout.until().toString())
                .with("routing", spec.routing().word())
                .with("incomingForeignKeys", spec.incomingForeignKeys().word())
                .with(
                        "convertedColumns",
                        texts(spec.columns().stream(), change -> change.column().name()))
                .with("convertedTypes", texts(spec.columns().stream(), ColumnChange::type))
                .with(
                        "using",
                        texts(spec.columns().stream(), change -> change.using().orElse(null)))
                .with(
                        "reverseUsing",
                        texts(
                                spec.columns().stream(),
                                change -> change.reverseUsing().orElse(null)))
                .with("phase", Phase.PREPARED.word())
                .with("qualifiedSource", spec.source().quoted())
                .with("qualifiedNew", spec.newTable().quoted());
        return List.of(deleteEarlier, insert);
    }

    private static <T> String[] texts(Stream<T> values, Function<T, String> text) {
        return values.map(text).toArray(String[]::new);
    }

    static Migration read(ResultSet row) throws SQLException {
        Optional<CopyPlan> plan = row.getString("source_blocks") == null
                ? Optional.empty()
                : Optional.of(new CopyPlan(
                        row.getLong("source_blocks"), row.getLong("source_filenode"), row.getString("source_columns")));
        Optional<BackupVerification> backup = row.getString("backup_differences") == null
                ? Optional.empty()
                : Optional.of(
                        new BackupVerification(row.getLong("backup_differences"), row.getLong("backup_verified_age")));
        return new Migration(
                row.getLong("id"),
                spec(row),
                Phase.parse(row.getString("phase")),
                row.getLong("source_oid"),
                row.getLong("new_oid"),
                Optional.ofNullable(row.getString("delta_table")).map(Identifier::new),
                identifiers(row, "key_columns"),
                plan,
                row.getBoolean("restarting"),
                Optional.ofNullable(row.getString("backup_table")).map(Identifier::new),
                Optional.ofNullable(row.getObject("verified_differences", Long.class)),
                backup);
    }

    private static NewTableSpec spec(ResultSet row) throws SQLException {
        PartitionKeySpec key = new PartitionKeySpec(
                identifiers(row, "partition_columns"),
                Optional.ofNullable(row.getString("text_format")),
                Optional.ofNullable(row.getString("epoch")),
                Optional.ofNullable(row.getString("key_time")),
                Optional.ofNullable(row.getString("combined_column")).map(Identifier::new));
        PartitionLayout layout = new PartitionLayout(
                row.getString("partition_prefix"),
                PartitionInterval.parse(row.getString("partition_interval")),
                row.getObject("range_from", LocalDate.class),
                row.getObject("range_until", LocalDate.class));
        return new NewTableSpec(
                QualifiedName.of(row.getString("source_schema"), row.getString("source_table")),
                new Identifier(row.getString("new_table")),
                key,
                layout,
                Routing.parse(row.getString("routing")),
                IncomingForeignKeys.parse(row.getString("incoming_foreign_keys")),
                changes(row),
                List.of(),
                Optional.ofNullable(row.getString("partition_schema")).map(Identifier::new));
    }

    private static List<ColumnChange> changes(ResultSet row) throws SQLException {
        List<Identifier> columns = identifiers(row, "converted_columns");
        String[] types = texts(row, "converted_types");
        String[] using = texts(row, "converted_using");
        String[] reverseUsing = texts(row, "converted_reverse_using");
        List<ColumnChange> changes = new ArrayList<>();
        for (int i = 0; i < columns.size(); i++) {
            changes.add(new ColumnChange(
                    columns.get(i), types[i], Optional.ofNullable(using[i]), Optional.ofNullable(reverseUsing[i])));
        }
        return changes;
    }

    private static List<Identifier> identifiers(ResultSet row, String column) throws SQLException {
        return Arrays.stream(texts(row, column)).map(Identifier::new).toList();
    }

    /** Reads NULL as an empty array. */
    private static String[] texts(ResultSet row, String column) throws SQLException {
        Array array = row.getArray(column);
        return array == null ? new String[0] : (String[]) array.getArray();
    }
}
