package liquibase.ext.partition.engine.belonging.materializedviews;

import java.sql.SQLException;
import java.util.List;
import java.util.Optional;
import liquibase.ext.partition.engine.catalog.server.QualifiedNames;
import liquibase.ext.partition.engine.catalog.server.SettableOptions;
import liquibase.ext.partition.engine.sql.QualifiedName;
import liquibase.ext.partition.engine.sql.Session;
import liquibase.ext.partition.engine.sql.Sql;

/**
 * Everything that a materialized view has besides its rows, as the statements that give it to another one. Takes no
 * locks.
 *
 * @param oid the materialized view that has it
 */
public record MaterializedViewProperties(Session session, long oid) {
    private static final Sql POPULATED = Sql.of("SELECT relispopulated FROM pg_catalog.pg_class WHERE oid = {oid}");

    /** Needed before the view is filled: whose rights fill it, and where. */
    private static final Sql STORAGE = Sql.of("""
            WITH it AS (SELECT * FROM pg_catalog.pg_class WHERE oid = {oid}),
            setting AS (
              SELECT attnum, attname, pg_catalog.to_jsonb(a) ->> 'attstattarget' AS target, attoptions, attcompression,
                     attstorage <> t.typstorage AS other_storage,
                     CASE attstorage WHEN 'p' THEN 'PLAIN' WHEN 'e' THEN 'EXTERNAL' WHEN 'm' THEN 'MAIN' ELSE 'EXTENDED' END AS storage
              FROM pg_catalog.pg_attribute AS a JOIN pg_catalog.pg_type AS t ON t.oid = a.atttypid
              WHERE attrelid = {oid} AND attnum > 0 AND NOT attisdropped)
            SELECT pg_catalog.format('OWNER TO %I', r.rolname) FROM it JOIN pg_catalog.pg_roles AS r ON r.oid = it.relowner
            UNION ALL
            SELECT pg_catalog.format('SET TABLESPACE %I', s.spcname) FROM it JOIN pg_catalog.pg_tablespace AS s ON s.oid = it.reltablespace
            UNION ALL
            SELECT pg_catalog.format('SET (%I=%L)', o.option_name, o.option_value) FROM it, pg_catalog.pg_options_to_table(it.reloptions) AS o
            WHERE o.option_name IN ({ofTable})
            UNION ALL
            SELECT pg_catalog.format('SET (toast.%I=%L)', o.option_name, o.option_value)
            FROM it JOIN pg_catalog.pg_class AS toast ON toast.oid = it.reltoastrelid, pg_catalog.pg_options_to_table(toast.reloptions) AS o
            WHERE o.option_name IN ({ofToast})
            UNION ALL
            SELECT pg_catalog.format('ALTER COLUMN %I SET STATISTICS %s', attname, target) FROM setting WHERE target::integer >= 0
            UNION ALL
            SELECT pg_catalog.format('ALTER COLUMN %I SET (%I=%L)', attname, o.option_name, o.option_value)
            FROM setting, pg_catalog.pg_options_to_table(setting.attoptions) AS o
            WHERE o.option_name IN ({ofColumn})
            UNION ALL
            SELECT pg_catalog.format('ALTER COLUMN %I SET STORAGE %s', attname, storage) FROM setting WHERE other_storage
            UNION ALL
            SELECT pg_catalog.format('ALTER COLUMN %I SET COMPRESSION %s', attname, CASE attcompression WHEN 'l' THEN 'lz4' ELSE 'pglz' END)
            FROM setting WHERE attcompression <> ''
            """)
            .with("ofTable", SettableOptions.in(SettableOptions.TABLE))
            .with("ofToast", SettableOptions.in(SettableOptions.TOAST))
            .with("ofColumn", SettableOptions.in(SettableOptions.COLUMN));

    private static final Sql INDEXES = Sql.of("""
            SELECT n.nspname, c.relname, pg_catalog.pg_get_indexdef(c.oid) AS definition,
                   pg_catalog.format('CREATE %sINDEX %I ON %s USING ', CASE WHEN i.indisunique THEN 'UNIQUE ' ELSE '' END, c.relname,
                          i.indrelid::pg_catalog.regclass) AS preamble,
                   i.indisunique, i.indisclustered, coalesce(s.spcname, '') AS tablespace,
                   ARRAY(SELECT pg_catalog.format('ALTER COLUMN %s SET STATISTICS %s', a.attnum, pg_catalog.to_jsonb(a) ->> 'attstattarget')
                         FROM pg_catalog.pg_attribute AS a
                         WHERE a.attrelid = c.oid AND (pg_catalog.to_jsonb(a) ->> 'attstattarget')::integer >= 0) AS settings,
                   pg_catalog.obj_description(c.oid, 'pg_class') AS comment
            FROM pg_catalog.pg_index AS i
            JOIN pg_catalog.pg_class AS c ON c.oid = i.indexrelid
            JOIN pg_catalog.pg_namespace AS n ON n.oid = c.relnamespace
            LEFT JOIN pg_catalog.pg_tablespace AS s ON s.oid = c.reltablespace
            WHERE i.indrelid = {oid} AND i.indisvalid
            ORDER BY c.relname
            """);

    /**
     * The rights of other roles, and no more, whatever default privileges gave; and comments and labels. Grants with
     * the grant option come last: otherwise the current role would grant the others by a grant of its own, instead of
     * as the owner.
     */
    private static final Sql RIGHTS = Sql.of("""
            WITH it AS (SELECT * FROM pg_catalog.pg_class WHERE oid = {oid}),
            given AS (
              SELECT acl.grantee FROM pg_catalog.pg_class AS c, pg_catalog.aclexplode(c.relacl) AS acl WHERE c.oid = {other}
              UNION SELECT relowner FROM it WHERE relacl IS NOT NULL),
            wanted AS (
              SELECT acl.*, '' AS place FROM it, pg_catalog.aclexplode(coalesce(it.relacl, pg_catalog.acldefault('r', it.relowner))) AS acl
              WHERE EXISTS (SELECT FROM given)
              UNION ALL
              SELECT acl.*, pg_catalog.format('(%I)', a.attname) FROM pg_catalog.pg_attribute AS a, pg_catalog.aclexplode(a.attacl) AS acl
              WHERE a.attrelid = {oid} AND NOT a.attisdropped)
            SELECT statement FROM (
            SELECT 1 AS place, pg_catalog.format('REVOKE ALL ON TABLE %s FROM %s', {name}::pg_catalog.text, CASE WHEN r.oid IS NULL THEN 'PUBLIC' ELSE pg_catalog.quote_ident(r.rolname) END) AS statement
            FROM given LEFT JOIN pg_catalog.pg_roles AS r ON r.oid = given.grantee
            UNION ALL
            SELECT CASE WHEN w.is_grantable THEN 3 ELSE 2 END, pg_catalog.format('GRANT %s %s ON TABLE %s TO %s%s', w.privilege_type, w.place, {name}::pg_catalog.text,
                          CASE WHEN r.oid IS NULL THEN 'PUBLIC' ELSE pg_catalog.quote_ident(r.rolname) END,
                          CASE WHEN w.is_grantable THEN ' WITH GRANT OPTION' ELSE '' END)
            FROM wanted AS w LEFT JOIN pg_catalog.pg_roles AS r ON r.oid = w.grantee
            UNION ALL
            SELECT 4, pg_catalog.format('COMMENT ON MATERIALIZED VIEW %s IS %L', {name}::pg_catalog.text, d.description)
            FROM pg_catalog.pg_description AS d
            WHERE d.classoid = 'pg_catalog.pg_class'::pg_catalog.regclass AND d.objoid = {oid} AND d.objsubid = 0
            UNION ALL
            SELECT 4, pg_catalog.format('COMMENT ON COLUMN %s.%I IS %L', {name}::pg_catalog.text, a.attname, d.description)
            FROM pg_catalog.pg_description AS d
            JOIN pg_catalog.pg_attribute AS a ON a.attrelid = d.objoid AND a.attnum = d.objsubid
            WHERE d.classoid = 'pg_catalog.pg_class'::pg_catalog.regclass AND d.objoid = {oid} AND d.objsubid > 0
            UNION ALL
            SELECT 4, pg_catalog.format('SECURITY LABEL FOR %I ON MATERIALIZED VIEW %s IS %L', l.provider, {name}::pg_catalog.text, l.label)
            FROM pg_catalog.pg_seclabel AS l
            WHERE l.classoid = 'pg_catalog.pg_class'::pg_catalog.regclass AND l.objoid = {oid} AND l.objsubid = 0) AS s
            ORDER BY place
            """);

    private static final Sql ALTER = Sql.of("ALTER MATERIALIZED VIEW {view} {action}");
    private static final Sql CREATE_INDEX = Sql.of("CREATE {unique}INDEX {index} ON {view} USING {definition}");
    private static final Sql ALTER_INDEX = Sql.of("ALTER INDEX {index} {action}");
    private static final Sql COMMENT_INDEX = Sql.of("COMMENT ON INDEX {index} IS {comment}");

    /** An index of the materialized view. */
    public record IndexProperties(
            QualifiedName name,
            boolean unique,
            boolean clustered,
            String tablespace,
            String definition,
            List<String> targets,
            Optional<String> comment) {
        public Sql createOn(QualifiedName view, QualifiedName index) {
            return CREATE_INDEX
                    .with("unique", Sql.raw(unique ? "UNIQUE " : ""))
                    .with("index", index.name())
                    .with("view", view)
                    .with("definition", Sql.raw(definition));
        }

        /** The statistics targets of its expressions. */
        public List<Sql> statisticsTargets(QualifiedName index) {
            return targets.stream()
                    .map(it -> ALTER_INDEX.with("index", index).with("action", Sql.raw(it)))
                    .toList();
        }

        public Optional<Sql> commentOn(QualifiedName index) {
            return comment.map(it -> COMMENT_INDEX.with("index", index).with("comment", Sql.literal(it)));
        }
    }

    public boolean populated() throws SQLException {
        return session.queryBoolean(POPULATED.with("oid", oid));
    }

    /** Owner, tablespace, storage parameters, and the like. */
    public List<Sql> storage(QualifiedName on) throws SQLException {
        return session.query(
                STORAGE.with("oid", oid), row -> ALTER.with("view", on).with("action", Sql.raw(row.getString(1))));
    }

    /** The usable indexes. */
    public List<IndexProperties> indexes() throws SQLException {
        return QualifiedNames.within(
                session,
                () -> session.query(INDEXES.with("oid", oid), row -> {
                    String definition = row.getString("definition");
                    String preamble = row.getString("preamble");
                    if (!definition.startsWith(preamble)) {
                        throw new SQLException(
                                "Cannot read this index definition; it was expected to begin with <%s>: %s"
                                        .formatted(preamble, definition));
                    }
                    return new IndexProperties(
                            QualifiedName.of(row.getString("nspname"), row.getString("relname")),
                            row.getBoolean("indisunique"),
                            row.getBoolean("indisclustered"),
                            row.getString("tablespace"),
                            definition.substring(preamble.length()),
                            List.of((String[]) row.getArray("settings").getArray()),
                            Optional.ofNullable(row.getString("comment")));
                }));
    }

    /** Grants, comments and labels. */
    public List<Sql> rights(long other, QualifiedName otherName) throws SQLException {
        return session.query(
                RIGHTS.with("oid", oid).with("other", other).with("name", otherName.quoted()),
                row -> Sql.raw(row.getString(1)));
    }
}
