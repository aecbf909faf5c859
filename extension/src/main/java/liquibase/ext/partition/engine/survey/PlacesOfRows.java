package liquibase.ext.partition.engine.survey;

import java.sql.ResultSet;
import java.sql.SQLException;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import liquibase.ext.partition.engine.belonging.kind.AnnouncedChange;
import liquibase.ext.partition.engine.catalog.Feature;
import liquibase.ext.partition.engine.catalog.Table;
import liquibase.ext.partition.engine.catalog.server.QualifiedNames;
import liquibase.ext.partition.engine.newtable.NewTableSpec;
import liquibase.ext.partition.engine.sql.Identifier;
import liquibase.ext.partition.engine.sql.QualifiedName;
import liquibase.ext.partition.engine.sql.Session;
import liquibase.ext.partition.engine.sql.Sql;

/**
 * Functions and statements that use {@code ctid}, or {@code ONLY} of the table. After the swap the first denotes a row
 * of each partition, and the second leaves all rows out, without an error. Functions and statements are searched by
 * their text, so a comment is found too, and a name that is put together at run time is not.
 */
final class PlacesOfRows {
    private static final Sql VIEWS = Sql.of("""
            SELECT DISTINCT CASE c.relkind WHEN 'm' THEN 'MATERIALIZED_VIEWS' ELSE 'VIEWS' END AS feature,
                   c.oid::pg_catalog.regclass::pg_catalog.text AS subject, true AS ctid
            FROM pg_catalog.pg_depend AS d
            JOIN pg_catalog.pg_rewrite AS r ON r.oid = d.objid
            JOIN pg_catalog.pg_class AS c ON c.oid = r.ev_class
            WHERE d.classid = 'pg_catalog.pg_rewrite'::pg_catalog.regclass AND d.refclassid = 'pg_catalog.pg_class'::pg_catalog.regclass
              AND d.refobjid = {oid} AND d.refobjsubid = -1 AND c.oid <> {oid}
            ORDER BY 2
            """);

    private static final Sql FUNCTIONS = Sql.of("""
            SELECT 'FUNCTIONS' AS feature, p.oid::pg_catalog.regprocedure::pg_catalog.text AS subject, p.text ~* {ctid} AS ctid
            FROM (SELECT oid, coalesce(pg_catalog.pg_get_function_sqlbody(oid), prosrc) AS text
                  FROM pg_catalog.pg_proc
                  WHERE prolang NOT IN (SELECT l.oid FROM pg_catalog.pg_language AS l WHERE l.lanname IN ('internal', 'c'))
                    AND pronamespace NOT IN (SELECT n.oid FROM pg_catalog.pg_namespace AS n
                                             WHERE n.nspname IN ('pg_catalog', 'information_schema'))) AS p
            WHERE p.text ~* {table} AND p.text ~* {ctid} OR p.text ~* {only}
            ORDER BY 2
            """);

    /** If the library is not loaded, the view is an error. */
    private static final Sql STATEMENTS_VIEW = Sql.of("""
            SELECT n.nspname
            FROM pg_catalog.pg_extension AS e JOIN pg_catalog.pg_namespace AS n ON n.oid = e.extnamespace
            WHERE e.extname = 'pg_stat_statements'
              AND pg_catalog.current_setting('pg_stat_statements.max', true) IS NOT NULL
              AND pg_catalog.has_schema_privilege(n.oid, 'USAGE')
            """);

    /**
     * Our own statements are left out: they name the new table, or write out the schema of the functions that they
     * call.
     */
    private static final Sql STATEMENTS = Sql.of("""
            SELECT DISTINCT 'OTHER_DEPENDENTS' AS feature,
                   pg_catalog.concat('statement ', pg_catalog.left(pg_catalog.regexp_replace(s.query, '\\s+', ' ', 'g'), 200)) AS subject,
                   s.query ~* {ctid} AS ctid
            FROM {view} AS s
            WHERE s.dbid = (SELECT d.oid FROM pg_catalog.pg_database AS d WHERE d.datname = pg_catalog.current_database())
              AND (s.query ~* {table} AND s.query ~* {ctid} OR s.query ~* {only})
              AND s.query !~* {ours} AND s.query !~* '^\\s*(create|alter|comment|copy)\\M'
            ORDER BY 2 LIMIT 20
            """);

    private PlacesOfRows() {}

    static List<AnnouncedChange> changes(Session session, Table source, NewTableSpec spec) throws SQLException {
        return QualifiedNames.within(session, () -> {
            List<AnnouncedChange> changes =
                    new ArrayList<>(session.query(VIEWS.with("oid", source.oid()), PlacesOfRows::change));
            changes.addAll(session.query(searching(FUNCTIONS, source), PlacesOfRows::change));
            Optional<String> schema =
                    session.queryStrings(STATEMENTS_VIEW).stream().findFirst();
            if (schema.isPresent()) {
                changes.addAll(session.query(
                        searching(STATEMENTS, source)
                                .with("view", QualifiedName.of(schema.get(), "pg_stat_statements"))
                                .with("ours", "(?<![\\w$])(" + pattern(spec.newTableName()) + "|pg_catalog\\.)"),
                        PlacesOfRows::change));
            }
            return List.copyOf(changes);
        });
    }

    private static Sql searching(Sql question, Table source) {
        String name = "(\"?" + pattern(source.name().schema()) + "\"?\\s*\\.\\s*)?\"?"
                + pattern(source.name().name()) + "(?![\\w$])";
        return question.with("ctid", "\\mctid\\M")
                .with("table", "(?<![\\w$])" + name)
                .with("only", "\\monly\\s*\\(?\\s*" + name);
    }

    /** Letters and digits stand for themselves, in every language. */
    private static String pattern(Identifier name) {
        return name.name().replaceAll("[^\\p{L}\\p{N}_]", "\\\\$0");
    }

    private static AnnouncedChange change(ResultSet row) throws SQLException {
        boolean ctid = row.getBoolean("ctid");
        return new AnnouncedChange(
                Feature.valueOf(row.getString("feature")),
                row.getString("subject"),
                ctid ? "says ctid" : "says ONLY of the table",
                "",
                ctid
                        ? "A ctid is the place of a row in one partition: rows of other partitions have the same, and a DELETE by it takes them too. Name rows by the key, or by tableoid and ctid."
                        : "ONLY leaves the partitions out, and they have all rows: it finds none. Leave ONLY out.");
    }
}
