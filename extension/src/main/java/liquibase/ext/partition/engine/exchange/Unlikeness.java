package liquibase.ext.partition.engine.exchange;

import java.sql.SQLException;
import java.util.ArrayList;
import java.util.List;
import liquibase.ext.partition.engine.catalog.Feature;
import liquibase.ext.partition.engine.catalog.Obstacle;
import liquibase.ext.partition.engine.catalog.server.QualifiedNames;
import liquibase.ext.partition.engine.catalog.server.ServerVersion;
import liquibase.ext.partition.engine.sql.QualifiedName;
import liquibase.ext.partition.engine.sql.Session;
import liquibase.ext.partition.engine.sql.Sql;

/**
 * What partitions that leave together do not have in common. The new partitions are made by the example of the first
 * one, so what another has besides would be lost in silence, and a right on the first would become one on the rows of
 * all. And where one lacks an index, a check or a NOT NULL of the first, the staging table could not take it without
 * reading its rows under the lock. Reads the catalog only.
 */
final class Unlikeness {
    /** The names of indexes do not matter. */
    private static final Sql UNLIKE =
            Sql.of("""
            WITH side (oid, is_first) AS (VALUES ({first}::pg_catalog.oid, true), ({other}::pg_catalog.oid, false)),
            fact AS (
              SELECT s.is_first, 'INDEXES' AS feature,
                     pg_catalog.format('the index %s%s', CASE WHEN i.indisunique THEN 'UNIQUE ' END, {definition})
                       || CASE WHEN i.indisprimary THEN ' as its primary key' ELSE '' END AS fact
              FROM side AS s JOIN pg_catalog.pg_index AS i ON i.indrelid = s.oid JOIN pg_catalog.pg_class AS c ON c.oid = i.indexrelid WHERE i.indisvalid
              UNION ALL
              SELECT s.is_first, 'CHECKS', pg_catalog.format('the check %I %s', k.conname, pg_catalog.pg_get_constraintdef(k.oid))
              FROM side AS s JOIN pg_catalog.pg_constraint AS k ON k.conrelid = s.oid
              WHERE k.contype = 'c' AND k.conname !~ {left}
              UNION ALL
              SELECT s.is_first, 'COLUMNS', pg_catalog.format('NOT NULL of the column %I', a.attname)
              FROM side AS s JOIN pg_catalog.pg_attribute AS a ON a.attrelid = s.oid
              WHERE a.attnum > 0 AND NOT a.attisdropped AND a.attnotnull
              UNION ALL
              SELECT s.is_first, 'COLUMNS', pg_catalog.format('the column %I GENERATED ALWAYS AS (%s)', a.attname, pg_catalog.pg_get_expr(d.adbin, d.adrelid))
              FROM side AS s JOIN pg_catalog.pg_attribute AS a ON a.attrelid = s.oid
              JOIN pg_catalog.pg_attrdef AS d ON d.adrelid = a.attrelid AND d.adnum = a.attnum
              WHERE a.attnum > 0 AND NOT a.attisdropped AND a.attgenerated <> ''
              UNION ALL
              SELECT s.is_first, 'OWNER', pg_catalog.format('the owner %s', c.relowner::pg_catalog.regrole)
              FROM side AS s JOIN pg_catalog.pg_class AS c ON c.oid = s.oid
              UNION ALL
              SELECT s.is_first, 'GRANTS', pg_catalog.format('the grant of %s%s to %s%s', g.privilege_type, r.columns,
                       CASE g.grantee WHEN 0 THEN 'PUBLIC' ELSE g.grantee::pg_catalog.regrole::pg_catalog.text END,
                       CASE WHEN g.is_grantable THEN ' WITH GRANT OPTION' END)
              FROM side AS s JOIN pg_catalog.pg_class AS c ON c.oid = s.oid
              CROSS JOIN LATERAL (
                SELECT NULL AS columns, c.relacl AS rights
                UNION ALL
                SELECT pg_catalog.format(' (%I)', a.attname), a.attacl FROM pg_catalog.pg_attribute AS a
                WHERE a.attrelid = c.oid AND NOT a.attisdropped) AS r
              CROSS JOIN LATERAL pg_catalog.aclexplode(r.rights) AS g
              WHERE g.grantee <> c.relowner
              UNION ALL
              SELECT s.is_first, 'ROW_SECURITY', CASE WHEN c.relforcerowsecurity THEN 'forced row level security' ELSE 'row level security' END
              FROM side AS s JOIN pg_catalog.pg_class AS c ON c.oid = s.oid WHERE c.relrowsecurity
              UNION ALL
              SELECT s.is_first, 'ROW_SECURITY', pg_catalog.concat_ws(' ', 'the policy', pg_catalog.quote_ident(p.polname), p.polcmd, p.polpermissive, p.polroles,
                       pg_catalog.pg_get_expr(p.polqual, p.polrelid), pg_catalog.pg_get_expr(p.polwithcheck, p.polrelid))
              FROM side AS s JOIN pg_catalog.pg_policy AS p ON p.polrelid = s.oid
              UNION ALL
              SELECT s.is_first, 'PUBLICATIONS', pg_catalog.format('the publication %I', p.pubname) || {published}
              FROM side AS s JOIN pg_catalog.pg_publication_rel AS r ON r.prrelid = s.oid JOIN pg_catalog.pg_publication AS p ON p.oid = r.prpubid
              UNION ALL
              SELECT s.is_first, 'REPLICA_IDENTITY', pg_catalog.format('the replica identity %s', CASE c.relreplident WHEN 'd' THEN 'default' WHEN 'n' THEN 'nothing' WHEN 'f' THEN 'full' ELSE 'by an index' END)
              FROM side AS s JOIN pg_catalog.pg_class AS c ON c.oid = s.oid)
            SELECT f.feature, f.fact, pg_catalog.bool_or(f.is_first) AS is_first
            FROM fact AS f
            GROUP BY f.feature, f.fact
            HAVING pg_catalog.count(DISTINCT f.is_first) = 1
            ORDER BY f.feature, f.fact""").with("definition", AttachRequirements.INDEX_DEFINITION).with("left", BoundCheck.ANY);

    /** What of a table a publication publishes, of {@code r}. */
    private static final Sql PUBLISHED = Sql.of("""
            pg_catalog.concat(
              (SELECT pg_catalog.format(' of the columns (%s)', pg_catalog.string_agg(pg_catalog.quote_ident(a.attname), ', ' ORDER BY a.attname))
               FROM pg_catalog.pg_attribute AS a
               WHERE a.attrelid = r.prrelid AND a.attnum = ANY (r.prattrs::pg_catalog.int2[])
               HAVING pg_catalog.count(*) > 0),
              ' of the rows where ' || pg_catalog.pg_get_expr(r.prqual, r.prrelid))""");

    /** Before version 15 it is always the whole table. */
    private static final Sql PUBLISHED_AS_A_WHOLE = Sql.raw("''");

    private Unlikeness() {}

    /** The obstacles of a partition that is not like the first one. The CHECKs of exchanges do not matter. */
    static List<Obstacle> of(Session session, QualifiedName first, long firstOid, QualifiedName other, long otherOid)
            throws SQLException {
        Sql published = ServerVersion.isAtLeast(session, 15) ? PUBLISHED : PUBLISHED_AS_A_WHOLE;
        List<Obstacle> obstacles = new ArrayList<>();
        QualifiedNames.within(
                session,
                () -> session.query(
                        UNLIKE.with("first", firstOid).with("other", otherOid).with("published", published),
                        row -> obstacles.add(new Obstacle(
                                Feature.valueOf(row.getString("feature")),
                                row.getBoolean("is_first")
                                        ? "%s lacks %s, which %s has".formatted(other, row.getString("fact"), first)
                                        : "%s has %s, which %s lacks".formatted(other, row.getString("fact"), first),
                                "make the two alike, or exchange them apart from each other"))));
        return obstacles;
    }
}
