package liquibase.ext.partition.engine.state;

import java.sql.SQLException;
import java.util.LinkedHashMap;
import java.util.Map;
import liquibase.ext.partition.engine.sql.QualifiedName;
import liquibase.ext.partition.engine.sql.Session;
import liquibase.ext.partition.engine.sql.Sql;

/**
 * The partitions of a table that an exchange has to do with: those that are to leave, from its preparation on, and
 * those that have come, until its backup is dropped. What takes one of them out of the table meanwhile takes its rows
 * from one side only, and the exchange, or its way back, would have to refuse.
 *
 * <p>Reads the records. Takes no lock.
 */
public final class PartitionsInExchange {
    private static final Sql READ = Sql.of("""
            SELECT p.oid::bigint AS oid, m.source_schema, m.source_table
            FROM {migration} AS m
            CROSS JOIN LATERAL (SELECT pg_catalog.to_jsonb(m) -> 'exchange' AS exchange) AS x
            CROSS JOIN LATERAL (
              SELECT e.one ->> 'oid' AS oid FROM pg_catalog.jsonb_array_elements(x.exchange -> 'leaving') AS e (one) WHERE m.phase <> {swapped}
              UNION ALL
              SELECT e.one FROM pg_catalog.jsonb_array_elements_text(x.exchange -> 'partitions') AS e (one) WHERE m.phase = {swapped}) AS p
            WHERE m.phase <> {dropped} AND (x.exchange ->> 'parent')::bigint = {parent}
            ORDER BY m.id""");

    private PartitionsInExchange() {}

    /**
     * Their oids, each with the name of its exchange: that of the partition that leaves, or of the first of several.
     *
     * @param parent the table's oid
     */
    public static Map<Long, QualifiedName> of(Session session, StateTables state, long parent) throws SQLException {
        Map<Long, QualifiedName> partitions = new LinkedHashMap<>();
        session.query(
                READ.with("migration", state.migration())
                        .with("swapped", Phase.SWAPPED.word())
                        .with("dropped", Phase.DROPPED.word())
                        .with("parent", parent),
                row -> partitions.put(
                        row.getLong("oid"),
                        QualifiedName.of(row.getString("source_schema"), row.getString("source_table"))));
        return partitions;
    }
}
