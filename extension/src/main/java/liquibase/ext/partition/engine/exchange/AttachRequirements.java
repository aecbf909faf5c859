package liquibase.ext.partition.engine.exchange;

import java.sql.SQLException;
import java.util.Collection;
import java.util.List;
import liquibase.ext.partition.engine.catalog.Obstacle;
import liquibase.ext.partition.engine.catalog.PartitionTree;
import liquibase.ext.partition.engine.catalog.server.QualifiedNames;
import liquibase.ext.partition.engine.sql.Session;
import liquibase.ext.partition.engine.sql.Sql;

/**
 * The indexes, checks and NOT NULL that a partitioned table requires of the partitions that a switch attaches to it.
 * Where a partition lacks an index, the server builds it under the lock, while everybody waits; where it lacks a check
 * or a NOT NULL, the server refuses it. So all of them are looked for before the lock, and once more under it. Reads
 * the catalog only.
 */
final class AttachRequirements {
    /** The properties of the index {@code i} that the server compares before it adopts it for another. */
    static final Sql INDEX_TEXT = Sql.of("""
            pg_catalog.concat_ws('|', c.relam, i.indisunique, i.indnkeyatts, i.indclass, i.indcollation, i.indoption,
                       (SELECT pg_catalog.string_agg(coalesce(pg_catalog.quote_ident(a.attname), '()'), ',' ORDER BY k.place)
                        FROM pg_catalog.unnest(i.indkey::pg_catalog.int2[]) WITH ORDINALITY AS k (attnum, place)
                        LEFT JOIN pg_catalog.pg_attribute AS a ON a.attrelid = i.indrelid AND a.attnum = k.attnum AND a.attnum > 0),
                       pg_catalog.pg_get_expr(i.indexprs, i.indrelid), '|', pg_catalog.pg_get_expr(i.indpred, i.indrelid))""");

    /** The part of an index's definition that follows the table's name; of the index {@code c} of {@code i}. */
    static final Sql INDEX_DEFINITION = Sql.of("""
            pg_catalog.substr(pg_catalog.pg_get_indexdef(i.indexrelid),
              pg_catalog.length(pg_catalog.format('CREATE %sINDEX %I ON %s%s ', CASE WHEN i.indisunique THEN 'UNIQUE ' END, c.relname,
                                                  CASE WHEN c.relkind = 'I' THEN 'ONLY ' END, i.indrelid::pg_catalog.regclass)) + 1)""");

    /**
     * The server adopts each index once, and one of a constraint only for one of a constraint. An index of the table
     * that is not valid requires one, too.
     */
    private static final Sql LACKING = Sql.of("""
            WITH taken AS ({given}),
            index AS (
              SELECT i.indrelid, i.indexrelid, i.indisunique, c.relname, k.contype, k.oid AS constraint_oid, {text} AS text, {definition} AS definition
              FROM pg_catalog.pg_index AS i
              JOIN pg_catalog.pg_class AS c ON c.oid = i.indexrelid
              LEFT JOIN pg_catalog.pg_constraint AS k ON k.conindid = i.indexrelid AND k.contype IN ('p', 'u', 'x')
              WHERE i.indrelid = {taker} OR i.indisvalid AND i.indrelid IN (SELECT t.oid FROM taken AS t)),
            numbered AS (
              SELECT x.*, pg_catalog.row_number() OVER (PARTITION BY x.indrelid, x.text ORDER BY x.contype, x.indexrelid) AS number
              FROM index AS x),
            lacking AS (
              SELECT 'INDEXES' AS feature, pg_catalog.format('the index %I', w.relname) AS what, t.oid,
                     CASE WHEN w.contype IS NULL
                          THEN pg_catalog.format('CREATE %sINDEX ON %s %s', CASE WHEN w.indisunique THEN 'UNIQUE ' END, t.oid::pg_catalog.regclass, w.definition)
                          ELSE pg_catalog.format('ALTER TABLE %s ADD %s', t.oid::pg_catalog.regclass, pg_catalog.pg_get_constraintdef(w.constraint_oid)) END AS make,
                     CASE WHEN w.contype IS NULL
                          THEN pg_catalog.format('DROP INDEX %s', w.indexrelid::pg_catalog.regclass)
                          ELSE pg_catalog.format('ALTER TABLE %s DROP CONSTRAINT %I', w.indrelid::pg_catalog.regclass, w.relname) END AS unmake
              FROM numbered AS w CROSS JOIN taken AS t
              WHERE w.indrelid = {taker}
                AND NOT EXISTS (SELECT FROM numbered AS d
                                WHERE d.indrelid = t.oid AND d.text = w.text AND d.number = w.number AND (w.contype IS NULL OR d.contype = w.contype))
              UNION ALL
              SELECT 'CHECKS', pg_catalog.format('the check %I', k.conname), t.oid,
                     pg_catalog.format('ALTER TABLE %s ADD CONSTRAINT %I %s', t.oid::pg_catalog.regclass, k.conname, pg_catalog.pg_get_constraintdef(k.oid)),
                     pg_catalog.format('ALTER TABLE %s DROP CONSTRAINT %I', k.conrelid::pg_catalog.regclass, k.conname)
              FROM pg_catalog.pg_constraint AS k CROSS JOIN taken AS t
              WHERE k.conrelid = {taker} AND k.contype = 'c' AND NOT k.connoinherit
                AND NOT EXISTS (SELECT FROM pg_catalog.pg_constraint AS o
                                WHERE o.conrelid = t.oid AND o.contype = 'c' AND o.conname = k.conname AND NOT o.connoinherit
                                  AND (o.convalidated OR NOT k.convalidated)
                                  AND pg_catalog.pg_get_expr(o.conbin, o.conrelid) = pg_catalog.pg_get_expr(k.conbin, k.conrelid))
              UNION ALL
              SELECT 'COLUMNS', pg_catalog.format('NOT NULL of the column %I', a.attname), t.oid,
                     pg_catalog.format('ALTER TABLE %s ALTER COLUMN %I SET NOT NULL', t.oid::pg_catalog.regclass, a.attname),
                     pg_catalog.format('ALTER TABLE %s ALTER COLUMN %I DROP NOT NULL', a.attrelid::pg_catalog.regclass, a.attname)
              FROM pg_catalog.pg_attribute AS a CROSS JOIN taken AS t
              WHERE a.attrelid = {taker} AND a.attnum > 0 AND NOT a.attisdropped AND a.attnotnull
                AND EXISTS (SELECT FROM pg_catalog.pg_attribute AS o WHERE o.attrelid = t.oid AND o.attname = a.attname AND NOT o.attnotnull))
            SELECT l.feature,
                   pg_catalog.format('%s has %s, which %s', {taker}::pg_catalog.regclass, l.what, pg_catalog.string_agg(l.oid::pg_catalog.regclass::pg_catalog.text, ', ' ORDER BY l.oid))
                     || CASE WHEN pg_catalog.count(*) = 1 THEN ' lacks' ELSE ' lack' END
                     || CASE l.feature WHEN 'INDEXES' THEN ', so that the server would build it while writers wait' ELSE '' END AS what,
                   CASE WHEN {unmake} THEN pg_catalog.min(l.unmake) ELSE pg_catalog.string_agg(l.make, '; ' ORDER BY l.oid) END AS remedy
            FROM lacking AS l
            GROUP BY l.feature, l.what
            ORDER BY 1, 2""").with("text", INDEX_TEXT).with("definition", INDEX_DEFINITION);

    private AttachRequirements() {}

    /**
     * Finds what the parent has and its future partitions lack. The remedy makes it on them: nobody uses them yet.
     *
     * @param partitions what the switch attaches to it
     */
    static List<Obstacle> ofParent(Session session, long parent, Collection<Long> partitions) throws SQLException {
        return lacking(session, parent, partitions, false);
    }

    /**
     * Finds what the staging table has and its future partitions lack. These are the parent's now, so the parent has
     * lost it meanwhile. The remedy takes it from the staging table, which nobody uses.
     *
     * @param partitions what the switch attaches to it
     */
    static List<Obstacle> ofStaging(Session session, long staging, Collection<Long> partitions) throws SQLException {
        return lacking(session, staging, partitions, true);
    }

    private static List<Obstacle> lacking(Session session, long taker, Collection<Long> partitions, boolean unmake)
            throws SQLException {
        return QualifiedNames.within(
                session,
                () -> session.query(
                        LACKING.with("taker", Sql.raw(taker + "::pg_catalog.oid"))
                                .with("unmake", unmake)
                                .with("given", PartitionTree.given(partitions)),
                        Obstacle::read));
    }
}
