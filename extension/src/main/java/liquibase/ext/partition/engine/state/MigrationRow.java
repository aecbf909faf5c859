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
import liquibase.ext.partition.engine.state.Migration.Exchange;
import liquibase.ext.partition.engine.state.Migration.HeapPlan;
import liquibase.ext.partition.engine.state.Migration.Leaving;

/** How a migration, and the new table that it was asked for, stand in a row of {@code partition_migration}. */
public final class MigrationRow {
    /** The column {@code exchange} is not there before the first exchange. */
    private static final Sql FIND = Sql.of("""
            SELECT m.id, m.source_schema, m.source_table, m.new_table, m.partition_columns, m.text_format, m.epoch, m.key_time,
                   m.combined_column, m.partition_prefix, m.partition_schema, m.partition_interval, m.range_from, m.range_until, m.routing,
                   m.incoming_foreign_keys, m.converted_columns, m.converted_types, m.converted_using, m.converted_reverse_using,
                   m.phase, m.source_oid, m.new_oid, m.delta_table,
                   m.key_columns, m.source_blocks, m.source_filenode, m.source_columns, m.restarting, m.backup_table,
                   m.verified_differences, m.backup_differences,
                   extract(epoch FROM pg_catalog.clock_timestamp() - m.backup_verified_at)::bigint AS backup_verified_age,
                   (x.exchange ->> 'parent')::bigint AS parent_oid, n.nspname AS parent_schema, c.relname AS parent_table,
                   x.exchange ->> 'default_partition' AS default_partition,
                   ARRAY(SELECT pg_catalog.jsonb_array_elements_text(x.exchange -> 'partitions')) AS exchanged_for,
                   l.oids AS leaving_oids, l.schemas AS leaving_schemas, l.names AS leaving_names, l.bounds AS leaving_bounds,
                   l.present_schemas, l.present_names, h.blocks AS heap_blocks, h.filenodes AS heap_filenodes
            FROM {migration} AS m
            CROSS JOIN LATERAL (SELECT pg_catalog.to_jsonb(m) -> 'exchange' AS exchange) AS x
            LEFT JOIN pg_catalog.pg_class AS c ON c.oid = (x.exchange ->> 'parent')::pg_catalog.oid AND c.relkind = 'p'
            LEFT JOIN pg_catalog.pg_namespace AS n ON n.oid = c.relnamespace
            CROSS JOIN LATERAL (
              SELECT pg_catalog.array_agg(e.one ->> 'oid' ORDER BY e.place) AS oids,
                     pg_catalog.array_agg(e.one ->> 'schema' ORDER BY e.place) AS schemas,
                     pg_catalog.array_agg(e.one ->> 'name' ORDER BY e.place) AS names,
                     pg_catalog.array_agg(e.one ->> 'bound' ORDER BY e.place) AS bounds,
                     pg_catalog.array_agg(s.nspname::pg_catalog.text ORDER BY e.place) AS present_schemas,
                     pg_catalog.array_agg(r.relname::pg_catalog.text ORDER BY e.place) AS present_names
              FROM pg_catalog.jsonb_array_elements(x.exchange -> 'leaving') WITH ORDINALITY AS e (one, place)
              LEFT JOIN pg_catalog.pg_class AS r ON r.oid = (e.one ->> 'oid')::pg_catalog.oid AND r.relkind = 'r'
              LEFT JOIN pg_catalog.pg_namespace AS s ON s.oid = r.relnamespace) AS l
            CROSS JOIN LATERAL (
              SELECT pg_catalog.array_agg(e.one ->> 'blocks' ORDER BY e.place) AS blocks,
                     pg_catalog.array_agg(e.one ->> 'filenode' ORDER BY e.place) AS filenodes
              FROM pg_catalog.jsonb_array_elements(x.exchange -> 'heaps') WITH ORDINALITY AS e (one, place)) AS h
            WHERE m.source_schema = {schema} AND m.source_table = {table}
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

    private static final Sql ADD_EXCHANGE =
            Sql.of("ALTER TABLE {migration} ADD COLUMN IF NOT EXISTS exchange pg_catalog.jsonb");

    private static final Sql RECORD_EXCHANGE = Sql.of("""
            UPDATE {migration} SET exchange = pg_catalog.jsonb_build_object(
              'parent', {parent}, 'default_partition', {defaultPartition},
              'leaving', (SELECT pg_catalog.jsonb_agg(pg_catalog.jsonb_build_object(
                                   'oid', c.oid::bigint, 'schema', s.nspname, 'name', c.relname,
                                   'bound', pg_catalog.pg_get_expr(c.relpartbound, c.oid)) ORDER BY n.place)
                          FROM pg_catalog.unnest({leaving}) WITH ORDINALITY AS n (name, place)
                          JOIN pg_catalog.pg_class AS c ON c.oid = n.name::pg_catalog.regclass
                          JOIN pg_catalog.pg_namespace AS s ON s.oid = c.relnamespace),
              'partitions', (SELECT pg_catalog.jsonb_agg(n.name::pg_catalog.regclass::pg_catalog.oid::bigint ORDER BY n.place)
                             FROM pg_catalog.unnest({partitions}) WITH ORDINALITY AS n (name, place)))
            WHERE source_schema = {schema} AND source_table = {table}""");

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

    /**
     * The statements that record that a migration, which was recorded just now, is the exchange of a partition.
     *
     * @param parentOid the table whose partition it is
     * @param leaving the partitions that leave, in the order of their bounds
     * @param partitions those that will take their place, which exist by then
     */
    public static List<Sql> exchangeStatements(
            StateTables tables,
            NewTableSpec spec,
            long parentOid,
            List<QualifiedName> leaving,
            List<QualifiedName> partitions) {
        return List.of(
                ADD_EXCHANGE.with("migration", tables.migration()),
                RECORD_EXCHANGE
                        .with("migration", tables.migration())
                        .with("parent", Sql.raw(Long.toString(parentOid)))
                        .with("leaving", texts(leaving.stream(), QualifiedName::quoted))
                        .with(
                                "defaultPartition",
                                Sql.literal(spec.layout().defaultPartition().name()))
                        .with("partitions", texts(partitions.stream(), QualifiedName::quoted))
                        .with("schema", spec.source().schema().name())
                        .with("table", spec.source().name().name()));
    }

    private static <T> String[] texts(Stream<T> values, Function<T, String> text) {
        return values.map(text).toArray(String[]::new);
    }

    static Migration read(ResultSet row) throws SQLException {
        Optional<CopyPlan> plan = row.getString("source_blocks") == null
                ? Optional.empty()
                : Optional.of(new CopyPlan(
                        row.getLong("source_blocks"),
                        row.getLong("source_filenode"),
                        row.getString("source_columns"),
                        heaps(row)));
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
                backup,
                exchange(row));
    }

    private static Optional<Exchange> exchange(ResultSet row) throws SQLException {
        String[] oids = texts(row, "leaving_oids");
        if (oids.length == 0) {
            return Optional.empty();
        }
        String[] schemas = texts(row, "leaving_schemas");
        String[] names = texts(row, "leaving_names");
        String[] bounds = texts(row, "leaving_bounds");
        String[] presentSchemas = texts(row, "present_schemas");
        String[] presentNames = texts(row, "present_names");
        List<Leaving> leaving = new ArrayList<>();
        for (int i = 0; i < oids.length; i++) {
            leaving.add(new Leaving(
                    Long.parseLong(oids[i]),
                    QualifiedName.of(schemas[i], names[i]),
                    bounds[i],
                    presentNames[i] == null
                            ? Optional.empty()
                            : Optional.of(QualifiedName.of(presentSchemas[i], presentNames[i]))));
        }
        String table = row.getString("parent_table");
        return Optional.of(new Exchange(
                row.getLong("parent_oid"),
                table == null ? Optional.empty() : Optional.of(QualifiedName.of(row.getString("parent_schema"), table)),
                leaving,
                Arrays.stream(texts(row, "exchanged_for")).map(Long::valueOf).toList()));
    }

    private static List<HeapPlan> heaps(ResultSet row) throws SQLException {
        String[] oids = texts(row, "leaving_oids");
        String[] blocks = texts(row, "heap_blocks");
        String[] filenodes = texts(row, "heap_filenodes");
        List<HeapPlan> heaps = new ArrayList<>();
        for (int i = 0; i < blocks.length; i++) {
            heaps.add(new HeapPlan(Long.parseLong(oids[i]), Long.parseLong(blocks[i]), Long.parseLong(filenodes[i])));
        }
        return heaps;
    }

    private static NewTableSpec spec(ResultSet row) throws SQLException {
        PartitionKeySpec key = new PartitionKeySpec(
                identifiers(row, "partition_columns"),
                Optional.ofNullable(row.getString("text_format")),
                Optional.ofNullable(row.getString("epoch")),
                Optional.ofNullable(row.getString("key_time")),
                Optional.ofNullable(row.getString("combined_column")).map(Identifier::new));
        String prefix = row.getString("partition_prefix");
        PartitionLayout layout = new PartitionLayout(
                prefix,
                PartitionInterval.parse(row.getString("partition_interval")),
                row.getObject("range_from", LocalDate.class),
                row.getObject("range_until", LocalDate.class),
                Optional.ofNullable(row.getString("default_partition"))
                        .map(Identifier::new)
                        .orElseGet(() -> PartitionLayout.nameOfDefault(prefix)));
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
