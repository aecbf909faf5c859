package liquibase.ext.partition.engine.belonging.views;

import java.sql.SQLException;
import java.util.ArrayList;
import java.util.Collection;
import java.util.List;
import liquibase.ext.partition.engine.catalog.Obstacle;
import liquibase.ext.partition.engine.catalog.server.QualifiedNames;
import liquibase.ext.partition.engine.sql.Identifier;
import liquibase.ext.partition.engine.sql.Session;
import liquibase.ext.partition.engine.sql.Sql;

/**
 * The {@link Dependents} of a table that cannot be made to refer to the new table. Must run within
 * {@link QualifiedNames}.
 */
public final class DependentObstacles {
    private static final Sql READERS = Sql.of("""
            {dependents},
            told AS (
              SELECT reader.*, CASE reader.relkind WHEN 'v' THEN 'VIEWS' ELSE 'MATERIALIZED_VIEWS' END AS feature,
                     CASE reader.relkind WHEN 'v' THEN 'view ' ELSE 'materialized view ' END || reader.oid::pg_catalog.regclass AS name
              FROM reader)
            SELECT feature, pg_catalog.format('%s reads it and belongs to role %I', name, o.rolname) AS what,
                   pg_catalog.format('GRANT %I TO %I', o.rolname, current_user) AS remedy
            FROM told JOIN pg_catalog.pg_roles AS o ON o.oid = told.relowner
            WHERE NOT pg_catalog.pg_has_role(told.relowner, 'USAGE')
            UNION ALL
            SELECT feature, pg_catalog.format('%s reads it and is part of the extension %I', name, e.extname),
                   CASE d.deptype WHEN 'e' THEN pg_catalog.format('ALTER EXTENSION %1$I DROP %2$s, and ADD it again after the swap', e.extname, name)
                                  ELSE pg_catalog.format('ALTER %s NO DEPENDS ON EXTENSION %I', name, e.extname) END
            FROM told
            JOIN pg_catalog.pg_depend AS d ON d.classid = 'pg_catalog.pg_class'::pg_catalog.regclass AND d.objid = told.oid AND d.deptype IN ('e', 'x')
            JOIN pg_catalog.pg_extension AS e ON e.oid = d.refobjid
            UNION ALL
            SELECT feature, pg_catalog.format('%s reads it, and nothing can be made in its schema %I by %I', name, n.nspname, current_user),
                   pg_catalog.format('GRANT CREATE ON SCHEMA %I TO %I', n.nspname, current_user)
            FROM told JOIN pg_catalog.pg_namespace AS n ON n.oid = told.relnamespace
            WHERE NOT pg_catalog.has_schema_privilege(n.oid, 'CREATE') AND told.relpersistence <> 't'
            UNION ALL
            SELECT feature, pg_catalog.format('%s is of a session that goes on, and reads it', name), 'end that session'
            FROM told WHERE told.relpersistence = 't'
            UNION ALL
            SELECT DISTINCT feature, pg_catalog.format('%s reads it, and names something in schema %I, which %I may not look into', name, n.nspname, current_user),
                   pg_catalog.format('GRANT USAGE ON SCHEMA %I TO %I', n.nspname, current_user)
            FROM told
            JOIN pg_catalog.pg_depend AS d ON d.classid = 'pg_catalog.pg_rewrite'::pg_catalog.regclass AND d.objid = told.rule
            LEFT JOIN pg_catalog.pg_class AS c ON d.refclassid = 'pg_catalog.pg_class'::pg_catalog.regclass AND c.oid = d.refobjid
            LEFT JOIN pg_catalog.pg_proc AS p ON d.refclassid = 'pg_catalog.pg_proc'::pg_catalog.regclass AND p.oid = d.refobjid
            LEFT JOIN pg_catalog.pg_type AS t ON d.refclassid = 'pg_catalog.pg_type'::pg_catalog.regclass AND t.oid = d.refobjid
            JOIN pg_catalog.pg_namespace AS n ON n.oid = coalesce(c.relnamespace, p.pronamespace, t.typnamespace)
            WHERE told.relpersistence <> 't' AND NOT pg_catalog.has_schema_privilege(n.oid, 'USAGE')
            UNION ALL
            SELECT DISTINCT feature, pg_catalog.format('%s reads it and is grouped by its key %I alone, which the new table''s key need not be', name, k.conname),
                   'make it again with every column that it selects in GROUP BY'
            FROM told
            JOIN pg_catalog.pg_depend AS d ON d.classid = 'pg_catalog.pg_rewrite'::pg_catalog.regclass AND d.objid = told.rule
            JOIN pg_catalog.pg_constraint AS k ON d.refclassid = 'pg_catalog.pg_constraint'::pg_catalog.regclass AND k.oid = d.refobjid
            JOIN relation ON relation.oid = k.conrelid
            UNION ALL
            SELECT DISTINCT feature, pg_catalog.format('column %I of %s is of its row type', a.attname, name),
                   'make it again with the columns that it needs'
            FROM told
            JOIN dependent AS d ON d.classid = 'pg_catalog.pg_class'::pg_catalog.regclass AND d.objid = told.oid
                 AND d.refclassid = 'pg_catalog.pg_type'::pg_catalog.regclass
            JOIN pg_catalog.pg_attribute AS a ON a.attrelid = d.objid AND a.attnum = d.objsubid
            WHERE told.relkind = 'v'
            UNION ALL
            SELECT DISTINCT feature, pg_catalog.format('%s reads ONLY it, and the new table itself has no rows', name), 'make it again without ONLY'
            FROM told, relation
            WHERE pg_catalog.strpos(pg_catalog.pg_get_viewdef(told.oid), 'ONLY ' || relation.oid::pg_catalog.regclass) > 0
            UNION ALL
            SELECT DISTINCT feature, pg_catalog.format('%s calls the function %s, which has its row type in its signature', name, d.refobjid::pg_catalog.regprocedure),
                   'make it again without that function'
            FROM told JOIN dependent AS d ON d.classid = 'pg_catalog.pg_rewrite'::pg_catalog.regclass AND d.objid = told.rule
            WHERE told.relkind = 'm' AND d.refclassid = 'pg_catalog.pg_proc'::pg_catalog.regclass
            UNION ALL
            SELECT feature, pg_catalog.format('%s reads it and has the extended statistics %I.%I', name, n.nspname, s.stxname),
                   pg_catalog.format('DROP STATISTICS %I.%I, and make them again after the swap', n.nspname, s.stxname)
            FROM told
            JOIN pg_catalog.pg_statistic_ext AS s ON s.stxrelid = told.oid
            JOIN pg_catalog.pg_namespace AS n ON n.oid = s.stxnamespace
            UNION ALL
            SELECT DISTINCT 'RULES', pg_catalog.format('rule %I of %s names it', r.rulename, r.ev_class::pg_catalog.regclass),
                   pg_catalog.format('have a trigger do what it does, then DROP RULE %I ON %s', r.rulename, r.ev_class::pg_catalog.regclass)
            FROM dependent AS d
            JOIN pg_catalog.pg_rewrite AS r ON d.classid = 'pg_catalog.pg_rewrite'::pg_catalog.regclass AND r.oid = d.objid
            WHERE r.ev_type <> '1' AND r.ev_class NOT IN (SELECT oid FROM relation)
            """);

    private static final Sql FUNCTIONS = Sql.of("""
            {dependents},
            told AS (
              SELECT p.*, p.oid::pg_catalog.regprocedure::pg_catalog.text AS name
              FROM pg_catalog.pg_proc AS p
              WHERE p.oid IN (SELECT objid FROM dependent WHERE classid = 'pg_catalog.pg_proc'::pg_catalog.regclass AND deptype = 'n'))
            SELECT 'FUNCTIONS' AS feature, pg_catalog.format('function %s uses it and belongs to role %I', name, o.rolname) AS what,
                   pg_catalog.format('GRANT %I TO %I', o.rolname, current_user) AS remedy
            FROM told JOIN pg_catalog.pg_roles AS o ON o.oid = told.proowner
            WHERE NOT pg_catalog.pg_has_role(told.proowner, 'USAGE')
            UNION ALL
            SELECT 'FUNCTIONS', pg_catalog.format('%s %s uses it', CASE prokind WHEN 'a' THEN 'aggregate' ELSE 'window function' END, name),
                   'drop it, and make it again after the swap'
            FROM told WHERE prokind NOT IN ('f', 'p')
            UNION ALL
            SELECT 'FUNCTIONS', pg_catalog.format('function %s uses it and is part of the extension %I', name, e.extname),
                   CASE d.deptype WHEN 'e' THEN pg_catalog.format('ALTER EXTENSION %1$I DROP ROUTINE %2$s, and ADD it again after the swap', e.extname, name)
                                  ELSE pg_catalog.format('ALTER ROUTINE %s NO DEPENDS ON EXTENSION %I', name, e.extname) END
            FROM told
            JOIN pg_catalog.pg_depend AS d ON d.classid = 'pg_catalog.pg_proc'::pg_catalog.regclass AND d.objid = told.oid AND d.deptype IN ('e', 'x')
            JOIN pg_catalog.pg_extension AS e ON e.oid = d.refobjid
            UNION ALL
            SELECT 'FUNCTIONS', pg_catalog.format('function %s uses it, and nothing can be made in its schema %I by %I', name, n.nspname, current_user),
                   pg_catalog.format('GRANT CREATE ON SCHEMA %I TO %I', n.nspname, current_user)
            FROM told JOIN pg_catalog.pg_namespace AS n ON n.oid = told.pronamespace
            WHERE NOT pg_catalog.has_schema_privilege(n.oid, 'CREATE')
            UNION ALL
            SELECT 'FUNCTIONS', pg_catalog.format('function %s uses it and is LEAKPROOF or has a support function, so that only a superuser can make it', name),
                   pg_catalog.format('ALTER FUNCTION %s NOT LEAKPROOF, or run as a superuser', name)
            FROM told
            WHERE (proleakproof OR prosupport <> 0)
              AND NOT (SELECT rolsuper FROM pg_catalog.pg_roles WHERE rolname = current_user)
            UNION ALL
            SELECT 'FUNCTIONS', pg_catalog.format('function %s uses it and is in language %I, in which %I may not make one', name, l.lanname, current_user),
                   CASE WHEN l.lanpltrusted THEN pg_catalog.format('GRANT USAGE ON LANGUAGE %I TO %I', l.lanname, current_user)
                        ELSE 'drop it, and make it again after the swap' END
            FROM told JOIN pg_catalog.pg_language AS l ON l.oid = told.prolang
            WHERE NOT (l.lanpltrusted AND pg_catalog.has_language_privilege(l.oid, 'USAGE'))
              AND NOT (SELECT rolsuper FROM pg_catalog.pg_roles WHERE rolname = current_user)
            UNION ALL
            SELECT 'FUNCTIONS', pg_catalog.format('function %s reads ONLY it, and the new table itself has no rows', name), 'make it again without ONLY'
            FROM told, relation
            WHERE prosqlbody IS NOT NULL AND pg_catalog.strpos(pg_catalog.pg_get_functiondef(told.oid), 'ONLY ' || relation.oid::pg_catalog.regclass) > 0
            UNION ALL
            SELECT DISTINCT 'FUNCTIONS', pg_catalog.format('%s uses the function %s, which has its row type in its signature',
                                                pg_catalog.pg_describe_object(d.classid, d.objid, d.objsubid), d.refobjid::pg_catalog.regprocedure),
                   'drop it, and make it again after the swap'
            FROM dependent AS d
            LEFT JOIN pg_catalog.pg_policy AS p ON d.classid = 'pg_catalog.pg_policy'::pg_catalog.regclass AND p.oid = d.objid
            WHERE d.refclassid = 'pg_catalog.pg_proc'::pg_catalog.regclass
              AND d.classid NOT IN ('pg_catalog.pg_proc'::pg_catalog.regclass, 'pg_catalog.pg_rewrite'::pg_catalog.regclass)
              AND (p.oid IS NULL OR p.polrelid IN (SELECT oid FROM relation))
            """);

    private static final Sql OTHERS = Sql.of("""
            {dependents}
            SELECT DISTINCT 'OTHER_DEPENDENTS' AS feature,
                   pg_catalog.format('%s uses its row type', pg_catalog.pg_describe_object(d.classid, d.objid, d.objsubid)) AS what,
                   CASE WHEN c.relkind IN ('r', 'p')
                        THEN pg_catalog.format('ALTER TABLE %s ALTER COLUMN %I TYPE jsonb USING pg_catalog.to_jsonb(%I)', c.oid::pg_catalog.regclass, a.attname, a.attname)
                        ELSE 'drop it, and make it again after the swap' END AS remedy
            FROM dependent AS d
            LEFT JOIN pg_catalog.pg_class AS c ON d.classid = 'pg_catalog.pg_class'::pg_catalog.regclass AND c.oid = d.objid
            LEFT JOIN pg_catalog.pg_attribute AS a ON d.classid = 'pg_catalog.pg_class'::pg_catalog.regclass AND a.attrelid = d.objid
                 AND a.attnum = d.objsubid AND d.objsubid > 0
            WHERE d.refclassid = 'pg_catalog.pg_type'::pg_catalog.regclass AND d.deptype = 'n'
              AND d.classid NOT IN ('pg_catalog.pg_proc'::pg_catalog.regclass, 'pg_catalog.pg_rewrite'::pg_catalog.regclass, 'pg_catalog.pg_policy'::pg_catalog.regclass)
              AND coalesce(c.relkind, ' ') NOT IN ('v', 'm')
            UNION ALL
            SELECT DISTINCT 'OTHER_DEPENDENTS', pg_catalog.format('policy %I of %s reads it, a table of role %I', p.polname, c.oid::pg_catalog.regclass, o.rolname),
                   pg_catalog.format('GRANT %I TO %I', o.rolname, current_user)
            FROM dependent AS d
            JOIN pg_catalog.pg_policy AS p ON d.classid = 'pg_catalog.pg_policy'::pg_catalog.regclass AND p.oid = d.objid
            JOIN pg_catalog.pg_class AS c ON c.oid = p.polrelid
            JOIN pg_catalog.pg_roles AS o ON o.oid = c.relowner
            WHERE d.deptype = 'n' AND c.oid NOT IN (SELECT oid FROM relation) AND NOT pg_catalog.pg_has_role(c.relowner, 'USAGE')
            """);

    /** A view keeps the types of its columns, and a function those of its result. */
    private static final Sql READERS_OF_COLUMNS = Sql.of("""
            {dependents}
            SELECT DISTINCT CASE WHEN d.classid = 'pg_catalog.pg_proc'::pg_catalog.regclass THEN 'FUNCTIONS'
                                 WHEN reader.relkind = 'm' THEN 'MATERIALIZED_VIEWS'
                                 WHEN reader.relkind = 'v' THEN 'VIEWS' ELSE 'OTHER_DEPENDENTS' END AS feature,
                   pg_catalog.format('its column %I, which is not alike in the new table, is read by %s', a.attname,
                          CASE reader.relkind WHEN 'v' THEN 'view ' || reader.oid::pg_catalog.regclass
                                              WHEN 'm' THEN 'materialized view ' || reader.oid::pg_catalog.regclass
                                              ELSE pg_catalog.pg_describe_object(d.classid, d.objid, d.objsubid) END) AS what,
                   'drop that, and make it again after the swap' AS remedy
            FROM dependent AS d
            JOIN pg_catalog.pg_attribute AS a ON d.refclassid = 'pg_catalog.pg_class'::pg_catalog.regclass AND a.attrelid = d.refobjid
                 AND a.attnum = d.refobjsubid
            LEFT JOIN reader ON d.classid = 'pg_catalog.pg_rewrite'::pg_catalog.regclass AND reader.rule = d.objid
            WHERE a.attname = ANY ({columns}::pg_catalog.text[]) AND d.deptype = 'n'
              AND d.classid IN ('pg_catalog.pg_proc'::pg_catalog.regclass, 'pg_catalog.pg_rewrite'::pg_catalog.regclass, 'pg_catalog.pg_policy'::pg_catalog.regclass)
            UNION ALL
            SELECT DISTINCT CASE reader.relkind WHEN 'm' THEN 'MATERIALIZED_VIEWS' ELSE 'VIEWS' END,
                   pg_catalog.format('view %s gives names to all columns of it or of a function that returns its row, and the new table''s row is another one',
                          reader.oid::pg_catalog.regclass),
                   'make it again without column aliases in FROM, or drop it, and make it again after the swap'
            FROM reader, relation
            WHERE pg_catalog.pg_get_viewdef(reader.oid)
                    ~ (pg_catalog.regexp_replace(relation.oid::pg_catalog.regclass::pg_catalog.text, '([^[:alnum:]_])', '\\\\\\1', 'g') || ' ("([^"]|"")+"|[[:alnum:]_$]+)\\(')
               OR EXISTS (SELECT FROM dependent AS d
                          WHERE d.classid = 'pg_catalog.pg_rewrite'::pg_catalog.regclass AND d.objid = reader.rule
                            AND d.refclassid = 'pg_catalog.pg_proc'::pg_catalog.regclass)
            UNION ALL
            SELECT 'FUNCTIONS', pg_catalog.format('function %s returns its row by an SQL-standard body, and the new table''s row is another one',
                                       p.oid::pg_catalog.regprocedure),
                   'make it again with the body as a string'
            FROM remade JOIN pg_catalog.pg_proc AS p ON p.oid = remade.oid
            WHERE p.prosqlbody IS NOT NULL AND p.prorettype IN (SELECT oid FROM row_type)
            """);

    /** Everything that depends on a table, in PostgreSQL's phrases. */
    private static final Sql ALL = Sql.of("""
            {dependents}
            SELECT DISTINCT CASE WHEN reader.relkind = 'v' THEN 'VIEWS' WHEN reader.relkind = 'm' THEN 'MATERIALIZED_VIEWS'
                                 WHEN d.classid = 'pg_catalog.pg_proc'::pg_catalog.regclass THEN 'FUNCTIONS' ELSE 'OTHER_DEPENDENTS' END AS feature,
                   pg_catalog.format('%s depends on it',
                          CASE reader.relkind WHEN 'v' THEN 'view ' || reader.oid::pg_catalog.regclass
                                              WHEN 'm' THEN 'materialized view ' || reader.oid::pg_catalog.regclass
                                              ELSE pg_catalog.pg_describe_object(d.classid, d.objid, 0) END) AS what,
                   CASE reader.relkind WHEN 'v' THEN 'have it read the live table instead, or DROP VIEW ' || reader.oid::pg_catalog.regclass
                                       WHEN 'm' THEN 'have it read the live table instead, or DROP MATERIALIZED VIEW ' || reader.oid::pg_catalog.regclass
                                       ELSE 'have it use the live table instead' END AS remedy
            FROM dependent AS d
            LEFT JOIN reader ON d.classid = 'pg_catalog.pg_rewrite'::pg_catalog.regclass AND reader.rule = d.objid
            LEFT JOIN pg_catalog.pg_policy AS p ON d.classid = 'pg_catalog.pg_policy'::pg_catalog.regclass AND p.oid = d.objid
            WHERE d.deptype = 'n' AND d.refclassid <> 'pg_catalog.pg_proc'::pg_catalog.regclass
              AND d.classid IN ('pg_catalog.pg_proc'::pg_catalog.regclass, 'pg_catalog.pg_rewrite'::pg_catalog.regclass, 'pg_catalog.pg_policy'::pg_catalog.regclass)
              AND (p.oid IS NULL OR p.polrelid NOT IN (SELECT oid FROM relation))
            """);

    private final Session session;

    public DependentObstacles(Session session) {
        this.session = session;
    }

    /** The obstacles, including those of the materialized views that read the table, which are made anew. */
    List<Obstacle> list(long oid) throws SQLException {
        List<String> relations = withMaterializedViews(oid);
        List<Obstacle> found = new ArrayList<>();
        if (!new DependentsReader(session).hasAny(relations)) {
            return found;
        }
        for (Sql question : List.of(READERS, FUNCTIONS, OTHERS)) {
            found.addAll(ask(DependentsReader.about(question, relations)));
        }
        return found;
    }

    /**
     * Objects that read columns of the table which the other table will lack, or have with another type; empty if there
     * are no such columns.
     */
    List<Obstacle> readersOf(long oid, Collection<Identifier> columns) throws SQLException {
        if (columns.isEmpty()) {
            return List.of();
        }
        Sql question = READERS_OF_COLUMNS.with(
                "columns", columns.stream().map(Identifier::name).toArray(String[]::new));
        return QualifiedNames.within(session, () -> ask(DependentsReader.about(question, List.of(Long.toString(oid)))));
    }

    /** Everything that would be dropped with the table, or would prevent its drop. */
    public List<Obstacle> all(long oid) throws SQLException {
        return QualifiedNames.within(session, () -> ask(DependentsReader.about(ALL, List.of(Long.toString(oid)))));
    }

    private List<String> withMaterializedViews(long oid) throws SQLException {
        List<String> relations = new ArrayList<>(List.of(Long.toString(oid)));
        new DependentsReader(session).closure(relations).keySet().forEach(it -> relations.add(Long.toString(it)));
        return relations;
    }

    private List<Obstacle> ask(Sql question) throws SQLException {
        return session.query(question, Obstacle::read);
    }
}
