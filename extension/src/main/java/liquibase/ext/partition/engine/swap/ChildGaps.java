package liquibase.ext.partition.engine.swap;

import java.sql.SQLException;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import liquibase.ext.partition.engine.catalog.server.QualifiedNames;
import liquibase.ext.partition.engine.partitioning.Routing;
import liquibase.ext.partition.engine.routing.TriggerRouting;
import liquibase.ext.partition.engine.sql.QualifiedName;
import liquibase.ext.partition.engine.sql.Session;
import liquibase.ext.partition.engine.sql.Sql;
import liquibase.ext.partition.engine.state.Migration;
import liquibase.ext.partition.engine.state.Phase;

/**
 * Objects that somebody has made on a table that is routed by triggers, and not on its children. They hold for the
 * table alone, which is empty: PostgreSQL passes a new column or CHECK on to the children, but no index, foreign key or
 * trigger. Reads the catalog only, takes no lock.
 */
public final class ChildGaps {
    /**
     * An index's definition begins with words of known length, so a name in it cannot be mistaken for the table's name.
     */
    private static final Sql GAPS = Sql.of("""
            WITH parent AS (SELECT pg_catalog.to_regclass({table}) AS oid),
            child AS (
              SELECT i.inhrelid AS oid, i.inhrelid::pg_catalog.regclass::pg_catalog.text AS name
              FROM pg_catalog.pg_inherits AS i JOIN parent ON parent.oid = i.inhparent),
            shape AS (
              SELECT i.indrelid, i.indexrelid, i.indisunique, c.relname,
                     ROW(i.indisunique, c.relam, i.indnkeyatts, ARRAY(
                           SELECT pg_catalog.pg_get_indexdef(i.indexrelid, k, false) FROM pg_catalog.generate_series(1, i.indnatts) AS k),
                         pg_catalog.pg_get_expr(i.indpred, i.indrelid))::pg_catalog.text AS what
              FROM pg_catalog.pg_index AS i JOIN pg_catalog.pg_class AS c ON c.oid = i.indexrelid
              WHERE i.indisvalid AND (i.indrelid IN (SELECT child.oid FROM child) OR i.indrelid = (SELECT parent.oid FROM parent))),
            wanted AS (
              SELECT CASE WHEN shape.indisunique THEN 'unique index ' ELSE 'index ' END || pg_catalog.quote_ident(shape.relname) AS thing,
                     CASE WHEN shape.indisunique THEN 'enforces nothing' ELSE 'finds no row' END AS consequence, child.name,
                     pg_catalog.format('CREATE %sINDEX ON %s%s', CASE WHEN shape.indisunique THEN 'UNIQUE ' END, child.name,
                       pg_catalog.substr(pg_catalog.pg_get_indexdef(shape.indexrelid), 1 + pg_catalog.length(
                         pg_catalog.format('CREATE %sINDEX %I ON %s', CASE WHEN shape.indisunique THEN 'UNIQUE ' END, shape.relname,
                                           shape.indrelid::pg_catalog.regclass)))) AS statement
              FROM parent JOIN shape ON shape.indrelid = parent.oid CROSS JOIN child
              WHERE NOT EXISTS (SELECT FROM shape AS own WHERE own.indrelid = child.oid AND own.what = shape.what)
              UNION ALL
              SELECT 'foreign key ' || pg_catalog.quote_ident(k.conname), 'enforces nothing', child.name,
                     pg_catalog.format('ALTER TABLE %s ADD CONSTRAINT %I %s', child.name, k.conname, pg_catalog.pg_get_constraintdef(k.oid))
              FROM parent JOIN pg_catalog.pg_constraint AS k ON k.conrelid = parent.oid AND k.contype = 'f' CROSS JOIN child
              WHERE NOT EXISTS (
                SELECT FROM pg_catalog.pg_constraint AS own
                WHERE own.conrelid = child.oid AND own.contype = 'f'
                  AND pg_catalog.regexp_replace(pg_catalog.pg_get_constraintdef(own.oid), ' NOT VALID$', '')
                    = pg_catalog.regexp_replace(pg_catalog.pg_get_constraintdef(k.oid), ' NOT VALID$', ''))
              UNION ALL
              SELECT 'trigger ' || pg_catalog.quote_ident(t.tgname), 'does not fire for UPDATE or DELETE', child.name, NULL
              FROM parent JOIN pg_catalog.pg_trigger AS t ON t.tgrelid = parent.oid CROSS JOIN child
              WHERE NOT t.tgisinternal AND t.tgtype & 1 = 1 AND t.tgtype & 24 <> 0 AND t.tgname <> ALL ({ours}::pg_catalog.text[])
                AND NOT EXISTS (SELECT FROM pg_catalog.pg_trigger AS own WHERE own.tgrelid = child.oid AND own.tgname = t.tgname))
            SELECT thing, consequence, name, statement FROM wanted ORDER BY thing, name""");

    private record Gap(String thing, String consequence, String child, String statement) {}

    private ChildGaps() {}

    /** The objects that the children lack, a sentence each; empty if rows are routed natively, or not yet routed. */
    public static List<String> of(Session session, Migration migration) throws SQLException {
        if (migration.spec().routing() != Routing.TRIGGER || !migration.phase().isAtLeast(Phase.SWAPPED)) {
            return List.of();
        }
        QualifiedName table = migration.source();
        Sql question = GAPS.with("table", table.quoted())
                .with(
                        "ours",
                        TriggerRouting.triggersOnParent(table).stream()
                                .map(name -> name.name())
                                .toArray(String[]::new));
        Map<String, List<Gap>> gaps = new LinkedHashMap<>();
        QualifiedNames.within(
                        session,
                        () -> session.query(
                                question,
                                row -> new Gap(
                                        row.getString("thing"),
                                        row.getString("consequence"),
                                        row.getString("name"),
                                        row.getString("statement"))))
                .forEach(gap -> gaps.computeIfAbsent(gap.thing(), it -> new ArrayList<>())
                        .add(gap));
        return gaps.values().stream().map(gap -> sentence(table, gap)).toList();
    }

    private static String sentence(QualifiedName table, List<Gap> gaps) {
        List<String> statements =
                gaps.stream().map(Gap::statement).filter(it -> it != null).toList();
        return "%s of %s %s: rows are in its children, of which %d lack it (%s). Make it there, too, or drop it.%s"
                .formatted(
                        gaps.get(0).thing(),
                        table,
                        gaps.get(0).consequence(),
                        gaps.size(),
                        String.join(", ", gaps.stream().map(Gap::child).toList()),
                        statements.isEmpty() ? "" : " " + String.join("; ", statements));
    }
}
