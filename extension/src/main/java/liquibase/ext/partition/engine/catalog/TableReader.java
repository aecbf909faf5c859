package liquibase.ext.partition.engine.catalog;

import java.sql.Array;
import java.sql.SQLException;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import liquibase.ext.partition.engine.PartitionException;
import liquibase.ext.partition.engine.sql.Identifier;
import liquibase.ext.partition.engine.sql.QualifiedName;
import liquibase.ext.partition.engine.sql.Session;
import liquibase.ext.partition.engine.sql.Sql;

/**
 * Reads a {@link Table} out of {@code pg_catalog}. Takes no lock on the table beyond what the catalog's own functions take
 * for a moment. Any role can read; no rights on the table are needed.
 */
public final class TableReader {
    private static final Sql RELATION = Sql.of("""
            SELECT c.oid, c.relkind, coalesce(pg_catalog.pg_relation_filenode(c.oid), 0) AS filenode, r.rolname,
                   pg_catalog.pg_has_role(c.relowner, 'USAGE') AS owned_by_us,
                   pg_catalog.obj_description(c.oid, 'pg_class') AS comment
            FROM pg_catalog.pg_class AS c
            JOIN pg_catalog.pg_namespace AS n ON n.oid = c.relnamespace
            JOIN pg_catalog.pg_roles AS r ON r.oid = c.relowner
            WHERE n.nspname = {schema} AND c.relname = {table} AND c.relkind IN ('r', 'p', 'v', 'm', 'f')
            """);

    private static final Sql COLUMNS = Sql.of("""
            SELECT a.attname, pg_catalog.format_type(a.atttypid, a.atttypmod) AS type, t.typname, a.attnotnull,
                   a.attgenerated <> '' AS generated, a.attidentity <> '' AS identity,
                   CASE WHEN a.attgenerated = '' THEN pg_catalog.pg_get_expr(d.adbin, d.adrelid) END AS expression,
                   sn.nspname AS sequence_schema, sc.relname AS sequence_name, sc.oid AS sequence_oid, s.seqincrement > 0 AS ascending
            FROM pg_catalog.pg_attribute AS a
            JOIN pg_catalog.pg_type AS t ON t.oid = a.atttypid
            LEFT JOIN pg_catalog.pg_attrdef AS d ON d.adrelid = a.attrelid AND d.adnum = a.attnum
            LEFT JOIN pg_catalog.pg_depend AS owned ON owned.refclassid = 'pg_catalog.pg_class'::regclass
                 AND owned.refobjid = a.attrelid AND owned.refobjsubid = a.attnum
                 AND owned.classid = 'pg_catalog.pg_class'::regclass AND owned.objsubid = 0 AND owned.deptype IN ('a', 'i')
                 AND EXISTS (SELECT FROM pg_catalog.pg_sequence AS own WHERE own.seqrelid = owned.objid)
            LEFT JOIN pg_catalog.pg_sequence AS s ON s.seqrelid = owned.objid
            LEFT JOIN pg_catalog.pg_class AS sc ON sc.oid = owned.objid AND sc.relkind = 'S'
            LEFT JOIN pg_catalog.pg_namespace AS sn ON sn.oid = sc.relnamespace
            WHERE a.attrelid = {oid} AND a.attnum > 0 AND NOT a.attisdropped
            ORDER BY a.attnum
            """);

    private static final Sql INDEXES = Sql.of("""
            SELECT c.relname, i.indisunique, i.indisprimary, i.indisvalid, i.indpred IS NOT NULL AS partial,
                   pg_catalog.pg_get_constraintdef(k.oid) AS constraint_definition,
                   pg_catalog.pg_get_indexdef(i.indexrelid) AS definition,
                   format(' INDEX %I ON %s%I.%I USING ', c.relname, CASE WHEN t.relkind = 'p' THEN 'ONLY ' ELSE '' END,
                          n.nspname, t.relname) AS preamble,
                   ARRAY(SELECT a.attname::text
                         FROM unnest(i.indkey::int2[]) WITH ORDINALITY AS key (attnum, place)
                         JOIN pg_catalog.pg_attribute AS a ON a.attrelid = i.indrelid AND a.attnum = key.attnum
                         WHERE key.place <= i.indnkeyatts
                         ORDER BY key.place) AS columns,
                   i.indnkeyatts
            FROM pg_catalog.pg_index AS i
            JOIN pg_catalog.pg_class AS c ON c.oid = i.indexrelid
            JOIN pg_catalog.pg_class AS t ON t.oid = i.indrelid
            JOIN pg_catalog.pg_namespace AS n ON n.oid = t.relnamespace
            LEFT JOIN pg_catalog.pg_constraint AS k ON k.conindid = i.indexrelid AND k.contype IN ('p', 'u')
            WHERE i.indrelid = {oid}
            ORDER BY i.indisprimary DESC, c.relname
            """);

    private static final Sql TRIGGERS = Sql.of("""
            SELECT tgname, pg_catalog.pg_get_triggerdef(oid) AS definition, tgenabled
            FROM pg_catalog.pg_trigger
            WHERE tgrelid = {oid} AND NOT tgisinternal AND tgparentid = 0
            ORDER BY tgname
            """);

    private static final Sql GRANTS = Sql.of("""
            SELECT r.rolname, acl.privilege_type, acl.is_grantable, acl.attname
            FROM (SELECT (pg_catalog.aclexplode(c.relacl)).*, NULL::name AS attname
                  FROM pg_catalog.pg_class AS c WHERE c.oid = {oid}
                  UNION ALL
                  SELECT (pg_catalog.aclexplode(a.attacl)).*, a.attname
                  FROM pg_catalog.pg_attribute AS a WHERE a.attrelid = {oid} AND NOT a.attisdropped) AS acl
            LEFT JOIN pg_catalog.pg_roles AS r ON r.oid = acl.grantee
            WHERE acl.grantee <> (SELECT relowner FROM pg_catalog.pg_class WHERE oid = {oid})
            ORDER BY acl.attname NULLS FIRST, r.rolname NULLS FIRST, acl.privilege_type
            """);

    private static final Sql EQUALITY = Sql.of("""
            SELECT a.attname, pg_catalog.format_type(a.atttypid, a.atttypmod) AS type, n.nspname, o.oprname
            FROM pg_catalog.pg_index AS i
            CROSS JOIN unnest(i.indkey::int2[], i.indclass::oid[]) WITH ORDINALITY AS key (attnum, opclass, place)
            JOIN pg_catalog.pg_attribute AS a ON a.attrelid = i.indrelid AND a.attnum = key.attnum
            JOIN pg_catalog.pg_opclass AS class ON class.oid = key.opclass
            JOIN pg_catalog.pg_amop AS strategy ON strategy.amopfamily = class.opcfamily AND strategy.amopstrategy = 3
                 AND strategy.amoplefttype = class.opcintype AND strategy.amoprighttype = class.opcintype
            JOIN pg_catalog.pg_operator AS o ON o.oid = strategy.amopopr
            JOIN pg_catalog.pg_namespace AS n ON n.oid = o.oprnamespace
            WHERE i.indexrelid = {index}::regclass AND key.place <= i.indnkeyatts
            ORDER BY key.place
            """);

    private static final Sql PARTITIONS = Sql.of("""
            SELECT n.nspname, c.relname
            FROM pg_catalog.pg_partition_tree(to_regclass({table})) AS p
            JOIN pg_catalog.pg_class AS c ON c.oid = p.relid
            JOIN pg_catalog.pg_namespace AS n ON n.oid = c.relnamespace
            WHERE p.level > 0
            ORDER BY c.relname
            """);

    private static final Sql SEARCH_PATH = Sql.of("SELECT pg_catalog.current_setting('search_path')");
    private static final Sql SET_SEARCH_PATH = Sql.of("SELECT pg_catalog.set_config('search_path', {path}, true)");

    private final Session session;

    public TableReader(Session session) {
        this.session = session;
    }

    /** The table, view or partitioned table of that name, or nothing. */
    public Optional<Table> find(QualifiedName name) throws SQLException {
        return withQualifiedNames(() -> read(name));
    }

    /** The columns of the table with that oid, as in {@link Table#columns()}; none where there is no such table. */
    public List<Column> columns(long oid) throws SQLException {
        return withQualifiedNames(() -> readColumns(oid));
    }

    /** The partitions of {@code table}, by name; none where it is not partitioned. */
    public List<QualifiedName> partitions(QualifiedName table) throws SQLException {
        return session.query(
                PARTITIONS.with("table", table.quoted()),
                row -> QualifiedName.of(row.getString("nspname"), row.getString("relname")));
    }

    /** With nothing but pg_catalog on the path, the catalog's functions qualify every other name that they write. */
    private <T> T withQualifiedNames(Session.Work<T> work) throws SQLException {
        return session.inTransaction(() -> {
            String path = session.queryStrings(SEARCH_PATH).get(0);
            setSearchPath("pg_catalog");
            T result = work.run();
            setSearchPath(path);
            return result;
        });
    }

    /** @throws PartitionException when there is no such table */
    public Table require(QualifiedName name) throws SQLException {
        return find(name)
                .orElseThrow(() -> new PartitionException(
                        "There is no table %s in this database. Nothing was changed. Check schemaName and tableName, and that the pipeline is connected to the right database."
                                .formatted(name)));
    }

    /**
     * The key's columns with the operators that compare them.
     *
     * @param table read before
     * @throws PartitionException as {@link Table#keyIndex}
     */
    public List<KeyColumn> key(Table table, List<Identifier> key) throws SQLException {
        Index index = table.keyIndex(key);
        Sql byIndex = EQUALITY.with("index", table.name().sibling(index.name()).quoted());
        List<KeyColumn> indexed = session.query(
                byIndex,
                row -> new KeyColumn(
                        new Identifier(row.getString("attname")),
                        row.getString("type"),
                        operator(row.getString("nspname"), row.getString("oprname"))));
        List<KeyColumn> columns = new ArrayList<>();
        for (Identifier name : key) {
            // A column that the unique index does not need is compared by the plain operator.
            columns.add(indexed.stream()
                    .filter(column -> column.name().equals(name))
                    .findFirst()
                    .orElseGet(() ->
                            new KeyColumn(name, table.column(name).orElseThrow().type(), Sql.raw("="))));
        }
        return columns;
    }

    private static Sql operator(String schema, String operator) {
        return schema.equals("pg_catalog")
                ? Sql.raw(operator)
                : Sql.raw("OPERATOR(" + new Identifier(schema).quoted() + "." + operator + ")");
    }

    private void setSearchPath(String path) throws SQLException {
        session.queryStrings(SET_SEARCH_PATH.with("path", path));
    }

    private Optional<Table> read(QualifiedName name) throws SQLException {
        record Relation(long oid, String kind, long filenode, String owner, boolean ownedByUs, String comment) {}
        Optional<Relation> relation = session.queryFirst(
                RELATION.with("schema", name.schema().name())
                        .with("table", name.name().name()),
                row -> new Relation(
                        row.getLong("oid"),
                        row.getString("relkind"),
                        row.getLong("filenode"),
                        row.getString("rolname"),
                        row.getBoolean("owned_by_us"),
                        row.getString("comment")));
        if (relation.isEmpty()) {
            return Optional.empty();
        }
        Relation it = relation.get();
        List<Column> columns = readColumns(it.oid());
        return Optional.of(new Table(
                it.oid(),
                name,
                it.kind().equals("p"),
                it.filenode(),
                new Identifier(it.owner()),
                it.ownedByUs(),
                Optional.ofNullable(it.comment()),
                columns,
                indexes(it.oid()),
                triggers(it.oid()),
                grants(it.oid()),
                new Obstacles(session, it.oid()).list()));
    }

    private List<Column> readColumns(long oid) throws SQLException {
        List<Column> columns = new ArrayList<>();
        record Row(Column column, long sequenceOid, QualifiedName sequence, boolean ascending) {}
        List<Row> rows = session.query(COLUMNS.with("oid", oid), row -> {
            String sequence = row.getString("sequence_name");
            return new Row(
                    new Column(
                            new Identifier(row.getString("attname")),
                            row.getString("type"),
                            row.getString("typname"),
                            row.getBoolean("attnotnull"),
                            Optional.ofNullable(row.getString("expression")),
                            row.getBoolean("generated"),
                            row.getBoolean("identity"),
                            Optional.empty()),
                    row.getLong("sequence_oid"),
                    sequence == null ? null : QualifiedName.of(row.getString("sequence_schema"), sequence),
                    row.getBoolean("ascending"));
        });
        for (Row row : rows) {
            columns.add(
                    row.sequence() == null
                            ? row.column()
                            : row.column()
                                    .with(new Sequence(row.sequence(), row.ascending(), grants(row.sequenceOid()))));
        }
        return columns;
    }

    private List<Index> indexes(long oid) throws SQLException {
        return session.query(INDEXES.with("oid", oid), row -> {
            boolean unique = row.getBoolean("indisunique");
            String definition = row.getString("definition");
            String preamble = "CREATE" + (unique ? " UNIQUE" : "") + row.getString("preamble");
            if (!definition.startsWith(preamble)) {
                throw new SQLException("Cannot read this index definition; it was expected to begin with <%s>: %s"
                        .formatted(preamble, definition));
            }
            Array names = row.getArray("columns");
            List<Identifier> columns = Arrays.stream((String[]) names.getArray())
                    .map(Identifier::new)
                    .toList();
            boolean expression = columns.size() < row.getInt("indnkeyatts");
            return new Index(
                    new Identifier(row.getString("relname")),
                    expression ? List.of() : columns,
                    definition.substring(preamble.length()),
                    unique,
                    row.getBoolean("indisprimary"),
                    Optional.ofNullable(row.getString("constraint_definition")),
                    row.getBoolean("partial"),
                    row.getBoolean("indisvalid"));
        });
    }

    private List<Trigger> triggers(long oid) throws SQLException {
        return session.query(
                TRIGGERS.with("oid", oid),
                row -> new Trigger(
                        new Identifier(row.getString("tgname")),
                        row.getString("definition"),
                        row.getString("tgenabled").charAt(0)));
    }

    private List<Grant> grants(long oid) throws SQLException {
        return session.query(
                GRANTS.with("oid", oid),
                row -> new Grant(
                        Optional.ofNullable(row.getString("rolname")).map(Identifier::new),
                        row.getString("privilege_type"),
                        Optional.ofNullable(row.getString("attname")).map(Identifier::new),
                        row.getBoolean("is_grantable")));
    }
}
