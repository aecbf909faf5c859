package liquibase.ext.partition.engine.refusal;

import java.sql.SQLException;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import liquibase.ext.partition.engine.belonging.BelongingKinds;
import liquibase.ext.partition.engine.belonging.kind.TellingOrder;
import liquibase.ext.partition.engine.catalog.Feature;
import liquibase.ext.partition.engine.catalog.Obstacle;
import liquibase.ext.partition.engine.catalog.Table;
import liquibase.ext.partition.engine.catalog.server.QualifiedNames;
import liquibase.ext.partition.engine.sql.Session;
import liquibase.ext.partition.engine.sql.Sql;

/**
 * The things of a table that this release cannot carry through a swap. The table is refused before a row is copied:
 * after the swap a view, a foreign key or a publication would still point at the backup, and nobody would notice until
 * production did.
 *
 * <p>Reads {@code pg_catalog} only, in the open transaction or else in one of its own. Reading a table does not ask for
 * obstacles, because only callers that refuse a table need them.
 */
public final class Obstacles {
    private static final Sql KIND = Sql.of("""
            SELECT 'KIND' AS feature,
                   CASE c.relkind WHEN 'v' THEN 'it is a view'
                                  WHEN 'm' THEN 'it is a materialized view'
                                  WHEN 'f' THEN 'it is a foreign table' END AS what,
                   'name an ordinary table in tableName' AS remedy
            FROM pg_catalog.pg_class AS c WHERE c.oid = {oid} AND c.relkind NOT IN ('r', 'p')
            UNION ALL
            SELECT 'PERSISTENCE', CASE c.relpersistence WHEN 'u' THEN 'it is unlogged' ELSE 'it is a temporary table' END,
                   CASE c.relpersistence WHEN 'u' THEN pg_catalog.format('ALTER TABLE %s SET LOGGED', c.oid::pg_catalog.regclass)
                                         ELSE 'name an ordinary table in tableName' END
            FROM pg_catalog.pg_class AS c WHERE c.oid = {oid} AND c.relpersistence <> 'p'
            UNION ALL
            SELECT 'TYPED_TABLE', pg_catalog.format('it is a table of the composite type %s (CREATE TABLE … OF)', c.reloftype::pg_catalog.regtype),
                   pg_catalog.format('ALTER TABLE %s NOT OF', c.oid::pg_catalog.regclass)
            FROM pg_catalog.pg_class AS c WHERE c.oid = {oid} AND c.reloftype <> 0
            UNION ALL
            SELECT 'KIND', pg_catalog.format('it is kept by the access method %I, and the copy reads a table by the places of its rows in the heap', m.amname),
                   pg_catalog.format('%sname a heap table in tableName',
                          CASE WHEN pg_catalog.current_setting('server_version_num')::integer >= 150000
                               THEN pg_catalog.format('ALTER TABLE %s SET ACCESS METHOD heap, or ', c.oid::pg_catalog.regclass) ELSE '' END)
            FROM pg_catalog.pg_class AS c JOIN pg_catalog.pg_am AS m ON m.oid = c.relam
            WHERE c.oid = {oid} AND c.relkind = 'r' AND m.amname <> 'heap'
            UNION ALL
            SELECT 'KIND', pg_catalog.format('it belongs to extension %I, whose updates would go on with the backup', e.extname),
                   pg_catalog.format('ALTER EXTENSION %I DROP TABLE %s', e.extname, {oid}::bigint::pg_catalog.regclass)
            FROM pg_catalog.pg_depend AS d JOIN pg_catalog.pg_extension AS e ON e.oid = d.refobjid
            WHERE d.classid = 'pg_catalog.pg_class'::pg_catalog.regclass AND d.objid = {oid} AND d.objsubid = 0
              AND d.refclassid = 'pg_catalog.pg_extension'::pg_catalog.regclass AND d.deptype = 'e'
            """);

    private static final Sql NEVER_ALONG = Sql.of("""
            SELECT 'INHERITANCE' AS feature,
                   pg_catalog.format('it %s %s', CASE WHEN c.relispartition THEN 'is a partition of' ELSE 'inherits from' END,
                                     i.inhparent::pg_catalog.regclass) AS what,
                   CASE WHEN c.relispartition
                        THEN 'leave it out; taken out of that table its rows would be missing there'
                        ELSE pg_catalog.format('who reads %s reads its rows too, and would miss them: have them read %s as well, and only then'
                                               ' ALTER TABLE %s NO INHERIT %s', i.inhparent::pg_catalog.regclass, c.oid::pg_catalog.regclass,
                                               c.oid::pg_catalog.regclass, i.inhparent::pg_catalog.regclass) END AS remedy
            FROM pg_catalog.pg_inherits AS i JOIN pg_catalog.pg_class AS c ON c.oid = i.inhrelid WHERE i.inhrelid = {oid}
            UNION ALL
            SELECT 'EXCLUSION_CONSTRAINTS', pg_catalog.format('it has the exclusion constraint %I', k.conname),
                   pg_catalog.format('ALTER TABLE %s DROP CONSTRAINT %I', k.conrelid::pg_catalog.regclass, k.conname)
            FROM pg_catalog.pg_constraint AS k WHERE k.conrelid = {oid} AND k.contype = 'x'
            UNION ALL
            SELECT 'EXCLUSION_CONSTRAINTS', pg_catalog.format('its %s %I is WITHOUT OVERLAPS',
                                                   CASE k.contype WHEN 'p' THEN 'primary key' ELSE 'unique constraint' END, k.conname),
                   pg_catalog.format('ALTER TABLE %s DROP CONSTRAINT %I, and have a unique index on the columns that tell its rows apart',
                                     k.conrelid::pg_catalog.regclass, k.conname)
            FROM pg_catalog.pg_constraint AS k
            WHERE k.conrelid = {oid} AND k.contype IN ('p', 'u') AND pg_catalog.to_jsonb(k) ->> 'conperiod' = 'true'
            UNION ALL
            SELECT 'RULES', pg_catalog.format('it has the rule %I', r.rulename),
                   pg_catalog.format('have a trigger do what it does, then DROP RULE %I ON %s', r.rulename, r.ev_class::pg_catalog.regclass)
            FROM pg_catalog.pg_rewrite AS r WHERE r.ev_class = {oid} AND r.rulename <> '_RETURN'
            """);

    /**
     * Kinds that no version up to 18 has: nobody knows whether they come along. {@code known} lists the kinds that do,
     * or that another of these questions refuses.
     */
    private static final Sql UNKNOWN = Sql.of("""
            SELECT it.feature, pg_catalog.format('%s is of a kind that this version does not know (%s <%s>)', it.thing, it.catalog, it.kind) AS what,
                   'take it off the table, or use a version that knows this PostgreSQL' AS remedy
            FROM (
              SELECT 'CHECKS' AS feature, pg_catalog.format('its constraint %I', k.conname) AS thing, 'contype' AS catalog,
                     k.contype::pg_catalog.text AS kind, {constraints} AS known
              FROM pg_catalog.pg_constraint AS k WHERE k.conrelid = {oid}
              UNION ALL
              SELECT 'COLUMNS', pg_catalog.format('its column %I', a.attname), v.catalog, v.kind::pg_catalog.text, v.known
              FROM pg_catalog.pg_attribute AS a,
                   LATERAL (VALUES ('attgenerated', a.attgenerated, {generated}), ('attidentity', a.attidentity, {identity}),
                                   ('attstorage', a.attstorage, {storage}), ('attcompression', a.attcompression, {compression}))
                     AS v (catalog, kind, known)
              WHERE a.attrelid = {oid} AND a.attnum > 0 AND NOT a.attisdropped
              UNION ALL
              SELECT 'TRIGGERS', pg_catalog.format('its trigger %I', t.tgname), 'tgenabled', t.tgenabled::pg_catalog.text, {enabled}
              FROM pg_catalog.pg_trigger AS t WHERE t.tgrelid = {oid} AND NOT t.tgisinternal
              UNION ALL
              SELECT 'ROW_SECURITY', pg_catalog.format('its policy %I', p.polname), 'polcmd', p.polcmd::pg_catalog.text, {commands}
              FROM pg_catalog.pg_policy AS p WHERE p.polrelid = {oid}
              UNION ALL
              SELECT 'EXTENDED_STATISTICS', pg_catalog.format('its statistics object %I', s.stxname), 'stxkind', kind::pg_catalog.text, {statistics}
              FROM pg_catalog.pg_statistic_ext AS s, pg_catalog.unnest(s.stxkind) AS kind WHERE s.stxrelid = {oid}) AS it
            WHERE pg_catalog.strpos(it.known, it.kind) = 0
            ORDER BY 2
            """)
            .with("constraints", Sql.literal(KnownKinds.CONSTRAINTS))
            .with("generated", Sql.literal(KnownKinds.GENERATED))
            .with("identity", Sql.literal(KnownKinds.IDENTITY))
            .with("storage", Sql.literal(KnownKinds.STORAGE))
            .with("compression", Sql.literal(KnownKinds.COMPRESSION))
            .with("enabled", Sql.literal(KnownKinds.TRIGGERS_ENABLED))
            .with("commands", Sql.literal(KnownKinds.POLICY_COMMANDS))
            .with("statistics", Sql.literal(KnownKinds.STATISTICS));

    /**
     * A subscription knows the table by its oid, which is the backup's after the swap: the worker finds that the new
     * table is not among its tables, skips every change and confirms it. Any role may read these columns.
     */
    private static final Sql SUBSCRIBED = Sql.of("""
            SELECT 'SUBSCRIPTIONS' AS feature,
                   pg_catalog.format('subscription %I writes it, and would skip every change after the swap', s.subname) AS what,
                   pg_catalog.format('on the publisher take it out of %s (ALTER PUBLICATION … DROP TABLE …) and note pg_current_wal_insert_lsn();'
                                     ' when the confirmed_flush_lsn of the subscription''s slot has passed that,'
                                     ' ALTER SUBSCRIPTION %I REFRESH PUBLICATION here. What is written on the publisher after that'
                                     ' does not come here', pg_catalog.array_to_string(s.subpublications, ', '), s.subname) AS remedy
            FROM pg_catalog.pg_subscription_rel AS r
            JOIN pg_catalog.pg_subscription AS s ON s.oid = r.srsubid
            WHERE r.srrelid = {oid}
            ORDER BY s.subname
            """);

    private static final TellingOrder ORDER = new TellingOrder(List.of(
            Set.of(Feature.KIND, Feature.PERSISTENCE, Feature.TYPED_TABLE),
            Set.of(Feature.INHERITANCE),
            Set.of(Feature.INCOMING_FOREIGN_KEYS),
            Set.of(Feature.FOREIGN_KEYS),
            Set.of(Feature.EXCLUSION_CONSTRAINTS),
            Set.of(Feature.CHECKS),
            Set.of(Feature.COLUMNS),
            Set.of(Feature.EXTENDED_STATISTICS),
            Set.of(Feature.RULES),
            Set.of(Feature.TRIGGERS),
            Set.of(Feature.SEQUENCES),
            Set.of(Feature.PUBLICATIONS),
            Set.of(Feature.SUBSCRIPTIONS)));

    private final Session session;
    private final Table table;

    private Obstacles(Session session, Table table) {
        this.session = session;
        this.table = table;
    }

    /** Lists the obstacles of a table, including the tables that inherit from {@code table}; empty for most tables. */
    public static List<Obstacle> of(Session session, Table table) throws SQLException {
        List<Obstacle> obstacles = new ArrayList<>(withoutInheritingTables(session, table));
        obstacles.addAll(Inheritance.children(table));
        return obstacles;
    }

    /**
     * As {@link #of}, without the tables that inherit from {@code table}: the children of a routed table hold its rows
     * by design.
     */
    public static List<Obstacle> withoutInheritingTables(Session session, Table table) throws SQLException {
        return QualifiedNames.within(session, () -> new Obstacles(session, table).list());
    }

    private List<Obstacle> list() throws SQLException {
        List<Obstacle> found = new ArrayList<>();
        for (Sql question : List.of(KIND, UNKNOWN, NEVER_ALONG, SUBSCRIBED)) {
            found.addAll(session.query(question.with("oid", table.oid()), Obstacle::read));
        }
        found.addAll(BelongingKinds.standing(session, table));
        return ORDER.sorted(found, Obstacle::feature);
    }
}
