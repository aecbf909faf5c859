package liquibase.ext.partition.engine.survey;

import java.sql.SQLException;
import java.util.ArrayList;
import java.util.EnumMap;
import java.util.List;
import java.util.Map;
import java.util.regex.Pattern;
import liquibase.ext.partition.engine.catalog.Feature;
import liquibase.ext.partition.engine.catalog.Obstacle;
import liquibase.ext.partition.engine.catalog.Table;
import liquibase.ext.partition.engine.catalog.server.QualifiedNames;
import liquibase.ext.partition.engine.catalog.server.SettableOptions;
import liquibase.ext.partition.engine.sql.Session;
import liquibase.ext.partition.engine.sql.Sql;

/** Lists a table's belongings by feature. The names of objects other than the table's own are qualified. */
final class Inventory {
    private static final Sql OWN = Sql.of("""
            SELECT 'COLUMNS' AS feature, pg_catalog.quote_ident(a.attname) AS name, a.attnum::bigint AS place
            FROM pg_catalog.pg_attribute AS a WHERE a.attrelid = {oid} AND a.attnum > 0 AND NOT a.attisdropped
            UNION ALL
            SELECT 'STATISTICS_TARGETS', pg_catalog.quote_ident(a.attname), a.attnum
            FROM pg_catalog.pg_attribute AS a
            WHERE a.attrelid = {oid} AND a.attnum > 0 AND NOT a.attisdropped
              AND (coalesce(a.attstattarget, -1) >= 0
                   OR EXISTS (SELECT FROM pg_catalog.pg_options_to_table(a.attoptions) WHERE option_name IN ({ofColumn})))
            UNION ALL
            SELECT CASE k.contype WHEN 'c' THEN 'CHECKS' WHEN 'x' THEN 'EXCLUSION_CONSTRAINTS' ELSE 'FOREIGN_KEYS' END,
                   pg_catalog.quote_ident(k.conname), 0
            FROM pg_catalog.pg_constraint AS k WHERE k.conrelid = {oid} AND k.contype IN ('c', 'x', 'f')
            UNION ALL
            SELECT 'INCOMING_FOREIGN_KEYS', pg_catalog.format('%I of %s', k.conname, k.conrelid::pg_catalog.regclass), 0
            FROM pg_catalog.pg_constraint AS k WHERE k.confrelid = {oid} AND k.contype = 'f' AND k.conparentid = 0
            UNION ALL
            SELECT 'INDEXES', pg_catalog.quote_ident(c.relname), CASE WHEN i.indisprimary THEN 0 ELSE 1 END
            FROM pg_catalog.pg_index AS i JOIN pg_catalog.pg_class AS c ON c.oid = i.indexrelid
            WHERE i.indrelid = {oid} AND NOT i.indisexclusion
            UNION ALL
            SELECT 'SEQUENCES', d.objid::pg_catalog.regclass::pg_catalog.text, 0
            FROM pg_catalog.pg_depend AS d JOIN pg_catalog.pg_sequence AS s ON s.seqrelid = d.objid
            WHERE d.classid = 'pg_catalog.pg_class'::pg_catalog.regclass AND d.refclassid = 'pg_catalog.pg_class'::pg_catalog.regclass
              AND d.refobjid = {oid} AND d.refobjsubid > 0 AND d.deptype IN ('a', 'i')
            UNION ALL
            SELECT 'TRIGGERS', pg_catalog.quote_ident(t.tgname), 0
            FROM pg_catalog.pg_trigger AS t WHERE t.tgrelid = {oid} AND NOT t.tgisinternal
            UNION ALL
            SELECT 'RULES', pg_catalog.quote_ident(r.rulename), 0
            FROM pg_catalog.pg_rewrite AS r WHERE r.ev_class = {oid} AND r.rulename <> '_RETURN'
            UNION ALL
            SELECT 'OWNER', pg_catalog.quote_ident(pg_catalog.pg_get_userbyid(c.relowner)), 0 FROM pg_catalog.pg_class AS c WHERE c.oid = {oid}
            UNION ALL
            SELECT 'EXTENDED_STATISTICS', pg_catalog.quote_ident(e.stxname), 0 FROM pg_catalog.pg_statistic_ext AS e WHERE e.stxrelid = {oid}
            UNION ALL
            SELECT 'STORAGE_PARAMETERS', parameter, 0
            FROM pg_catalog.pg_class AS c
            LEFT JOIN pg_catalog.pg_class AS t ON t.oid = c.reltoastrelid
            CROSS JOIN LATERAL (
              SELECT p FROM pg_catalog.unnest(c.reloptions) AS p WHERE pg_catalog.split_part(p, '=', 1) IN ({ofTable})
              UNION ALL
              SELECT 'toast.' || p FROM pg_catalog.unnest(t.reloptions) AS p WHERE pg_catalog.split_part(p, '=', 1) IN ({ofToast})) AS o (parameter)
            WHERE c.oid = {oid}
            UNION ALL
            SELECT 'TABLESPACE', pg_catalog.format('%I of %I', t.spcname, c.relname), 0
            FROM pg_catalog.pg_class AS c JOIN pg_catalog.pg_tablespace AS t ON t.oid = c.reltablespace
            WHERE c.oid = {oid} OR c.oid IN (SELECT i.indexrelid FROM pg_catalog.pg_index AS i WHERE i.indrelid = {oid})
            UNION ALL
            SELECT 'REPLICA_IDENTITY', CASE c.relreplident WHEN 'f' THEN 'FULL' WHEN 'n' THEN 'NOTHING' ELSE 'USING INDEX' END, 0
            FROM pg_catalog.pg_class AS c WHERE c.oid = {oid} AND c.relreplident <> 'd'
            UNION ALL
            SELECT 'INHERITANCE', i.inhparent::pg_catalog.regclass::pg_catalog.text, 0 FROM pg_catalog.pg_inherits AS i WHERE i.inhrelid = {oid}
            UNION ALL
            SELECT 'ROW_SECURITY', CASE WHEN c.relforcerowsecurity THEN 'enabled and forced' ELSE 'enabled' END, 0
            FROM pg_catalog.pg_class AS c WHERE c.oid = {oid} AND c.relrowsecurity
            UNION ALL
            SELECT 'ROW_SECURITY', 'policy ' || pg_catalog.quote_ident(p.polname), 1 FROM pg_catalog.pg_policy AS p WHERE p.polrelid = {oid}
            """)
            .with("ofColumn", SettableOptions.in(SettableOptions.COLUMN))
            .with("ofTable", SettableOptions.in(SettableOptions.TABLE))
            .with("ofToast", SettableOptions.in(SettableOptions.TOAST));

    private static final Sql AROUND = Sql.of("""
            SELECT DISTINCT 'GRANTS' AS feature, CASE WHEN acl.grantee = 0 THEN 'PUBLIC'
                                                      ELSE pg_catalog.quote_ident(pg_catalog.pg_get_userbyid(acl.grantee)) END AS name,
                   0::bigint AS place
            FROM (SELECT (pg_catalog.aclexplode(c.relacl)).grantee FROM pg_catalog.pg_class AS c
                  WHERE c.oid = {oid}
                     OR c.oid IN (SELECT d.objid FROM pg_catalog.pg_depend AS d
                                  WHERE d.classid = 'pg_catalog.pg_class'::pg_catalog.regclass AND d.refclassid = 'pg_catalog.pg_class'::pg_catalog.regclass
                                    AND d.refobjid = {oid} AND d.refobjsubid > 0 AND d.deptype IN ('a', 'i') AND c.relkind = 'S')
                  UNION ALL
                  SELECT (pg_catalog.aclexplode(a.attacl)).grantee FROM pg_catalog.pg_attribute AS a
                  WHERE a.attrelid = {oid} AND NOT a.attisdropped) AS acl
            WHERE acl.grantee <> (SELECT c.relowner FROM pg_catalog.pg_class AS c WHERE c.oid = {oid})
            UNION ALL
            SELECT DISTINCT CASE c.relkind WHEN 'm' THEN 'MATERIALIZED_VIEWS' ELSE 'VIEWS' END, c.oid::pg_catalog.regclass::pg_catalog.text, 0
            FROM pg_catalog.pg_depend AS d
            JOIN pg_catalog.pg_rewrite AS r ON r.oid = d.objid
            JOIN pg_catalog.pg_class AS c ON c.oid = r.ev_class AND c.relkind IN ('v', 'm')
            WHERE d.classid = 'pg_catalog.pg_rewrite'::pg_catalog.regclass AND c.oid <> {oid}
              AND (d.refclassid = 'pg_catalog.pg_class'::pg_catalog.regclass AND d.refobjid = {oid}
                   OR d.refclassid = 'pg_catalog.pg_type'::pg_catalog.regclass
                      AND d.refobjid IN (SELECT pg_catalog.unnest(ARRAY[t.oid, t.typarray]) FROM pg_catalog.pg_type AS t WHERE t.typrelid = {oid}))
            UNION ALL
            SELECT DISTINCT 'FUNCTIONS', d.objid::pg_catalog.regprocedure::pg_catalog.text, 0
            FROM pg_catalog.pg_depend AS d
            WHERE d.classid = 'pg_catalog.pg_proc'::pg_catalog.regclass AND d.deptype = 'n'
              AND (d.refclassid = 'pg_catalog.pg_class'::pg_catalog.regclass AND d.refobjid = {oid}
                   OR d.refclassid = 'pg_catalog.pg_type'::pg_catalog.regclass
                      AND d.refobjid IN (SELECT pg_catalog.unnest(ARRAY[t.oid, t.typarray]) FROM pg_catalog.pg_type AS t WHERE t.typrelid = {oid}))
            UNION ALL
            SELECT 'PUBLICATIONS', pg_catalog.quote_ident(p.pubname), 0
            FROM pg_catalog.pg_publication AS p
            WHERE p.pubname IN (SELECT t.pubname FROM pg_catalog.pg_publication_tables AS t
                                JOIN pg_catalog.pg_namespace AS n ON n.nspname = t.schemaname
                                JOIN pg_catalog.pg_class AS c ON c.relnamespace = n.oid AND c.relname = t.tablename
                                WHERE c.oid = {oid})
            UNION ALL
            SELECT 'SUBSCRIPTIONS', pg_catalog.quote_ident(s.subname), 0
            FROM pg_catalog.pg_subscription_rel AS r JOIN pg_catalog.pg_subscription AS s ON s.oid = r.srsubid
            WHERE r.srrelid = {oid}
            UNION ALL
            SELECT 'SECURITY_LABELS', l.provider, 0 FROM pg_catalog.pg_seclabel AS l
            WHERE l.classoid = 'pg_catalog.pg_class'::pg_catalog.regclass AND l.objoid = {oid}
            UNION ALL
            SELECT 'COMMENTS', pg_catalog.pg_describe_object(d.classoid, d.objoid, d.objsubid), 0
            FROM pg_catalog.pg_description AS d
            WHERE d.classoid = 'pg_catalog.pg_class'::pg_catalog.regclass
                  AND (d.objoid = {oid} OR d.objoid IN (SELECT i.indexrelid FROM pg_catalog.pg_index AS i WHERE i.indrelid = {oid}))
               OR d.classoid = 'pg_catalog.pg_constraint'::pg_catalog.regclass
                  AND d.objoid IN (SELECT k.oid FROM pg_catalog.pg_constraint AS k WHERE k.conrelid = {oid})
               OR d.classoid = 'pg_catalog.pg_trigger'::pg_catalog.regclass
                  AND d.objoid IN (SELECT t.oid FROM pg_catalog.pg_trigger AS t WHERE t.tgrelid = {oid})
               OR d.classoid = 'pg_catalog.pg_policy'::pg_catalog.regclass
                  AND d.objoid IN (SELECT p.oid FROM pg_catalog.pg_policy AS p WHERE p.polrelid = {oid})
               OR d.classoid = 'pg_catalog.pg_statistic_ext'::pg_catalog.regclass
                  AND d.objoid IN (SELECT e.oid FROM pg_catalog.pg_statistic_ext AS e WHERE e.stxrelid = {oid})
            """);

    private Inventory() {}

    /** @param refused obstacles; things that they name are left out */
    static List<Belonging> read(Session session, Table table, List<Obstacle> refused) throws SQLException {
        record Found(Feature feature, String name, long place) {}
        List<Found> found = new ArrayList<>();
        for (Sql question : List.of(OWN, AROUND)) {
            found.addAll(QualifiedNames.within(
                    session,
                    () -> session.query(
                            question.with("oid", table.oid()),
                            row -> new Found(
                                    Feature.valueOf(row.getString("feature")),
                                    row.getString("name"),
                                    row.getLong("place")))));
        }
        found.sort(
                (a, b) -> a.place() == b.place() ? a.name().compareTo(b.name()) : Long.compare(a.place(), b.place()));
        Map<Feature, List<String>> byFeature = new EnumMap<>(Feature.class);
        for (Found it : found) {
            if (it.feature().fate() != Feature.Fate.REFUSED && !isRefused(it.feature(), it.name(), refused)) {
                byFeature
                        .computeIfAbsent(it.feature(), feature -> new ArrayList<>())
                        .add(it.name());
            }
        }
        return byFeature.entrySet().stream()
                .map(entry -> new Belonging(entry.getKey(), entry.getValue()))
                .toList();
    }

    private static boolean isRefused(Feature feature, String name, List<Obstacle> refused) {
        Pattern word = Pattern.compile("(?<![\\w.])" + Pattern.quote(name) + "(?![\\w.])");
        return refused.stream()
                .anyMatch(obstacle -> obstacle.feature() == feature
                        && (word.matcher(obstacle.what()).find() || feature == Feature.ROW_SECURITY));
    }
}
