package liquibase.ext.partition.engine.belonging.publications;

import java.sql.SQLException;
import java.util.ArrayList;
import java.util.List;
import liquibase.ext.partition.engine.catalog.Obstacle;
import liquibase.ext.partition.engine.catalog.server.ServerVersion;
import liquibase.ext.partition.engine.sql.Session;
import liquibase.ext.partition.engine.sql.Sql;

/** Publications that publish the table together with all others, of the database or of its schema. */
final class PublishedWithOthers {
    /**
     * The new table and the delta table would be published too, and a subscriber that lacks them stops. The remedy
     * names every table and option, and is one transaction: if a table were left out, or the publication missing for a
     * moment, a subscriber would miss changes.
     */
    private static final Sql ALL_PUBLISHED = Sql.of("""
            SELECT 'PUBLICATIONS' AS feature,
                   pg_catalog.format('publication %I publishes all tables, so it would publish the new ones too', p.pubname) AS what,
                   pg_catalog.format('publish tables by name instead, and each that you make later: BEGIN; DROP PUBLICATION %1$I;'
                          ' CREATE PUBLICATION %1$I FOR TABLE %2$s WITH (publish = ''%3$s'', publish_via_partition_root = %4$s%5$s); COMMIT',
                          p.pubname,
                          (SELECT pg_catalog.string_agg(pg_catalog.format('%I.%I', t.schemaname, t.tablename), ', '
                                                        ORDER BY t.schemaname, t.tablename)
                           FROM pg_catalog.pg_publication_tables AS t WHERE t.pubname = p.pubname),
                          pg_catalog.concat_ws(', ', CASE WHEN p.pubinsert THEN 'insert' END, CASE WHEN p.pubupdate THEN 'update' END,
                                               CASE WHEN p.pubdelete THEN 'delete' END, CASE WHEN p.pubtruncate THEN 'truncate' END),
                          p.pubviaroot::pg_catalog.text,
                          CASE pg_catalog.to_jsonb(p) ->> 'pubgencols' WHEN 's' THEN ', publish_generated_columns = stored' ELSE '' END)
                     AS remedy
            FROM pg_catalog.pg_publication AS p JOIN pg_catalog.pg_class AS c ON c.oid = {oid}
            WHERE p.puballtables
            """);

    /** Since PostgreSQL 15. The remedy is that for all tables. */
    private static final Sql SCHEMA_PUBLISHED = Sql.of("""
            SELECT 'PUBLICATIONS' AS feature,
                   pg_catalog.format('publication %I publishes all tables of its schema, so it would publish the new ones too', p.pubname)
                     AS what,
                   pg_catalog.format('publish tables by name instead, and each that you make later: BEGIN;'
                          ' ALTER PUBLICATION %1$I DROP TABLES IN SCHEMA %2$I; %3$sCOMMIT', p.pubname, s.nspname,
                          (SELECT pg_catalog.format('ALTER PUBLICATION %I ADD TABLE %s; ', p.pubname,
                                                    pg_catalog.string_agg(t.oid::pg_catalog.regclass::pg_catalog.text, ', '
                                                                          ORDER BY t.relname))
                           FROM pg_catalog.pg_class AS t
                           WHERE t.relnamespace = s.oid AND t.relkind IN ('r', 'p') AND t.relpersistence = 'p'
                             AND NOT EXISTS (SELECT FROM pg_catalog.pg_publication_rel AS r
                                             WHERE r.prpubid = p.oid AND r.prrelid = t.oid)
                           HAVING pg_catalog.count(*) > 0)) AS remedy
            FROM pg_catalog.pg_publication AS p
            JOIN pg_catalog.pg_publication_namespace AS n ON n.pnpubid = p.oid
            JOIN pg_catalog.pg_namespace AS s ON s.oid = n.pnnspid
            JOIN pg_catalog.pg_class AS c ON c.relnamespace = n.pnnspid
            WHERE c.oid = {oid}
            """);

    private PublishedWithOthers() {}

    /** The obstacles of the table with that oid. */
    static List<Obstacle> obstacles(Session session, long oid) throws SQLException {
        List<Obstacle> obstacles = new ArrayList<>(session.query(ALL_PUBLISHED.with("oid", oid), Obstacle::read));
        if (ServerVersion.isAtLeast(session, 15)) {
            obstacles.addAll(session.query(SCHEMA_PUBLISHED.with("oid", oid), Obstacle::read));
        }
        return obstacles;
    }
}
