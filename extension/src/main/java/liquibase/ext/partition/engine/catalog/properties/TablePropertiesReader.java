package liquibase.ext.partition.engine.catalog.properties;

import java.sql.ResultSet;
import java.sql.SQLException;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import liquibase.ext.partition.engine.catalog.PartitionTree;
import liquibase.ext.partition.engine.catalog.Table;
import liquibase.ext.partition.engine.catalog.server.QualifiedNames;
import liquibase.ext.partition.engine.catalog.server.SettableOptions;
import liquibase.ext.partition.engine.sql.Identifier;
import liquibase.ext.partition.engine.sql.QualifiedName;
import liquibase.ext.partition.engine.sql.Session;
import liquibase.ext.partition.engine.sql.Sql;

/** Reads {@link TableProperties} out of {@code pg_catalog}. Takes no lock on the table; any role can read. */
public final class TablePropertiesReader {
    private static final Sql TABLE = Sql.of("""
            SELECT t.spcname, c.relreplident
            FROM pg_catalog.pg_class AS c LEFT JOIN pg_catalog.pg_tablespace AS t ON t.oid = c.reltablespace
            WHERE c.oid = {oid}
            """);

    private static final Sql PARAMETERS = Sql.of("""
            SELECT o.toast, p.option_name, p.option_value
            FROM (SELECT false AS toast, c.reloptions FROM pg_catalog.pg_class AS c WHERE c.oid = {oid}
                  UNION ALL
                  SELECT true, t.reloptions FROM pg_catalog.pg_class AS c
                  JOIN pg_catalog.pg_class AS t ON t.oid = c.reltoastrelid WHERE c.oid = {oid}) AS o,
                 LATERAL pg_catalog.pg_options_to_table(o.reloptions) AS p
            WHERE CASE WHEN o.toast THEN p.option_name IN ({ofToast}) ELSE p.option_name IN ({ofTable}) END
            ORDER BY o.toast, p.option_name
            """)
            .with("ofToast", SettableOptions.in(SettableOptions.TOAST))
            .with("ofTable", SettableOptions.in(SettableOptions.TABLE));

    private static final Sql AGREEMENT = Sql.of("""
            SELECT pg_catalog.count(DISTINCT c.relreplident) = 1 AS identity,
                   pg_catalog.count(DISTINCT pg_catalog.concat_ws(' ',
                     (SELECT pg_catalog.string_agg(p.option_name || '=' || p.option_value, ' ' ORDER BY p.option_name)
                      FROM pg_catalog.pg_options_to_table(c.reloptions) AS p WHERE p.option_name IN ({ofTable})),
                     (SELECT pg_catalog.string_agg('toast.' || p.option_name || '=' || p.option_value, ' ' ORDER BY p.option_name)
                      FROM pg_catalog.pg_options_to_table(t.reloptions) AS p WHERE p.option_name IN ({ofToast})))) = 1 AS parameters
            FROM ({tree}) AS r
            JOIN pg_catalog.pg_class AS c ON c.oid = r.oid AND c.relkind = 'r'
            LEFT JOIN pg_catalog.pg_class AS t ON t.oid = c.reltoastrelid""")
            .with("tree", PartitionTree.below(Sql.of("{oid}")))
            .with("ofToast", SettableOptions.in(SettableOptions.TOAST))
            .with("ofTable", SettableOptions.in(SettableOptions.TABLE));

    private static final Sql CHECKS = Sql.of("""
            SELECT k.conname, pg_catalog.regexp_replace(pg_catalog.pg_get_constraintdef(k.oid), '( NO INHERIT)?( NOT VALID| NOT ENFORCED)?$', '') AS expression,
                   coalesce((pg_catalog.to_jsonb(k) ->> 'conenforced')::boolean, true) AS enforced, k.convalidated, k.connoinherit,
                   pg_catalog.obj_description(k.oid, 'pg_constraint') AS comment
            FROM pg_catalog.pg_constraint AS k
            WHERE k.conrelid = {oid} AND k.contype = 'c'
            ORDER BY k.conname
            """);

    private static final Sql COLUMNS = Sql.of("""
            SELECT a.attname, nullif(a.attstattarget, -1) AS target,
                   ARRAY(SELECT option_name FROM pg_catalog.pg_options_to_table(a.attoptions)
                         WHERE option_name IN ({settable}) ORDER BY option_name) AS names,
                   ARRAY(SELECT option_value FROM pg_catalog.pg_options_to_table(a.attoptions)
                         WHERE option_name IN ({settable}) ORDER BY option_name) AS option_values,
                   n.nspname, l.collname
            FROM pg_catalog.pg_attribute AS a
            JOIN pg_catalog.pg_type AS t ON t.oid = a.atttypid
            LEFT JOIN pg_catalog.pg_collation AS l ON l.oid = a.attcollation AND a.attcollation <> t.typcollation
            LEFT JOIN pg_catalog.pg_namespace AS n ON n.oid = l.collnamespace
            WHERE a.attrelid = {oid} AND a.attnum > 0 AND NOT a.attisdropped
              AND (nullif(a.attstattarget, -1) IS NOT NULL OR l.oid IS NOT NULL
                   OR EXISTS (SELECT FROM pg_catalog.pg_options_to_table(a.attoptions) WHERE option_name IN ({settable})))
            ORDER BY a.attnum
            """).with("settable", SettableOptions.in(SettableOptions.COLUMN));

    private static final Sql STATISTICS = Sql.of("""
            SELECT n.nspname, s.stxname, r.rolname, pg_catalog.array_to_string(s.stxkind, '') AS kinds,
                   pg_catalog.pg_get_statisticsobjdef_columns(s.oid) AS columns, nullif(s.stxstattarget, -1) AS target,
                   pg_catalog.obj_description(s.oid, 'pg_statistic_ext') AS comment
            FROM pg_catalog.pg_statistic_ext AS s
            JOIN pg_catalog.pg_namespace AS n ON n.oid = s.stxnamespace
            JOIN pg_catalog.pg_roles AS r ON r.oid = s.stxowner
            WHERE s.stxrelid = {oid}
            ORDER BY n.nspname, s.stxname
            """);

    private static final Sql INDEXES = Sql.of("""
            SELECT c.relname, t.spcname, i.indisclustered, i.indisreplident,
                   pg_catalog.obj_description(c.oid, 'pg_class') AS comment,
                   pg_catalog.obj_description(k.oid, 'pg_constraint') AS constraint_comment,
                   (SELECT pg_catalog.string_agg(a.attnum || ':' || a.attstattarget, ',' ORDER BY a.attnum)
                    FROM pg_catalog.pg_attribute AS a WHERE a.attrelid = c.oid AND a.attstattarget >= 0) AS targets
            FROM pg_catalog.pg_index AS i
            JOIN pg_catalog.pg_class AS c ON c.oid = i.indexrelid
            LEFT JOIN pg_catalog.pg_tablespace AS t ON t.oid = c.reltablespace
            LEFT JOIN pg_catalog.pg_constraint AS k ON k.conindid = c.oid AND k.contype IN ('p', 'u')
            WHERE i.indrelid = {oid}
            ORDER BY c.relname
            """);

    private static final Map<String, String> KINDS = Map.of("d", "ndistinct", "f", "dependencies", "m", "mcv");

    private final Session session;

    public TablePropertiesReader(Session session) {
        this.session = session;
    }

    /** @param table the table, read before */
    public TableProperties read(Table table) throws SQLException {
        return QualifiedNames.within(session, () -> read(table.oid()));
    }

    /**
     * Whether all partitions, or inheritance children, of a table have the same properties.
     *
     * @param identity whether they have the same kind of replica identity
     * @param parameters whether they have the same storage parameters
     */
    public record Agreement(boolean identity, boolean parameters) {}

    /** Compares the partitions of the table with that oid. */
    public Agreement agreement(long oid) throws SQLException {
        return session.queryFirst(
                        AGREEMENT.with("oid", oid),
                        row -> new Agreement(row.getBoolean("identity"), row.getBoolean("parameters")))
                .orElseThrow();
    }

    private TableProperties read(long oid) throws SQLException {
        record Relation(Optional<Identifier> tablespace, ReplicaIdentity identity) {}
        Relation relation = session.queryFirst(
                        TABLE.with("oid", oid),
                        row -> new Relation(
                                identifier(row, "spcname"), ReplicaIdentity.of(row.getString("relreplident"))))
                .orElseThrow(() -> new SQLException("The table was dropped while it was read."));
        return new TableProperties(
                relation.tablespace(),
                session.query(
                        PARAMETERS.with("oid", oid),
                        row -> new StorageParameter(
                                row.getBoolean("toast"), row.getString("option_name"), row.getString("option_value"))),
                relation.identity(),
                session.query(CHECKS.with("oid", oid), TablePropertiesReader::check),
                session.query(COLUMNS.with("oid", oid), TablePropertiesReader::column),
                session.query(STATISTICS.with("oid", oid), TablePropertiesReader::statistics),
                session.query(INDEXES.with("oid", oid), TablePropertiesReader::index));
    }

    private static Check check(ResultSet row) throws SQLException {
        return new Check(
                new Identifier(row.getString("conname")),
                row.getString("expression"),
                row.getBoolean("enforced"),
                row.getBoolean("convalidated"),
                !row.getBoolean("connoinherit"),
                Optional.ofNullable(row.getString("comment")));
    }

    private static ColumnProperties column(ResultSet row) throws SQLException {
        String[] names = (String[]) row.getArray("names").getArray();
        String[] values = (String[]) row.getArray("option_values").getArray();
        return new ColumnProperties(
                new Identifier(row.getString("attname")),
                number(row, "target"),
                IntStream.range(0, names.length)
                        .mapToObj(i -> new StorageParameter(false, names[i], values[i]))
                        .toList(),
                Optional.ofNullable(row.getString("collname")).isPresent()
                        ? Optional.of(QualifiedName.of(row.getString("nspname"), row.getString("collname")))
                        : Optional.empty());
    }

    private static ExtendedStatistics statistics(ResultSet row) throws SQLException {
        List<String> kinds = row.getString("kinds")
                .chars()
                .mapToObj(Character::toString)
                .filter(KINDS::containsKey)
                .map(KINDS::get)
                .toList();
        return new ExtendedStatistics(
                QualifiedName.of(row.getString("nspname"), row.getString("stxname")),
                new Identifier(row.getString("rolname")),
                kinds,
                row.getString("columns"),
                number(row, "target"),
                Optional.ofNullable(row.getString("comment")));
    }

    private static IndexProperties index(ResultSet row) throws SQLException {
        String targets = row.getString("targets");
        return new IndexProperties(
                new Identifier(row.getString("relname")),
                identifier(row, "spcname"),
                Optional.ofNullable(row.getString("comment")),
                Optional.ofNullable(row.getString("constraint_comment")),
                targets == null
                        ? List.of()
                        : Arrays.stream(targets.split(","))
                                .map(it -> it.split(":"))
                                .map(it -> new IndexProperties.StatisticsTarget(
                                        Integer.parseInt(it[0]), Integer.parseInt(it[1])))
                                .collect(Collectors.toList()),
                row.getBoolean("indisclustered"),
                row.getBoolean("indisreplident"));
    }

    private static Optional<Identifier> identifier(ResultSet row, String column) throws SQLException {
        return Optional.ofNullable(row.getString(column)).map(Identifier::new);
    }

    private static Optional<Integer> number(ResultSet row, String column) throws SQLException {
        int value = row.getInt(column);
        return row.wasNull() ? Optional.empty() : Optional.of(value);
    }
}
