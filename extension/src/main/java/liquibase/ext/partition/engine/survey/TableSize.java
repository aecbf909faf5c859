package liquibase.ext.partition.engine.survey;

import java.sql.SQLException;
import java.util.OptionalLong;
import liquibase.ext.partition.engine.catalog.Table;
import liquibase.ext.partition.engine.sql.Session;
import liquibase.ext.partition.engine.sql.Sql;

/**
 * How large a table is.
 *
 * @param rows by the statistics and today's size, as the planner estimates; empty if the table was never analyzed
 * @param heapBytes the size of the rows themselves
 * @param indexBytes the size of all indexes
 * @param toastBytes the size of values that are stored out of line, with their index
 */
public record TableSize(OptionalLong rows, long heapBytes, long indexBytes, long toastBytes) {
    private static final Sql READ = Sql.of("""
            SELECT pg_catalog.pg_relation_size(c.oid) AS heap,
                   pg_catalog.pg_indexes_size(c.oid) AS indexes,
                   CASE WHEN c.reltoastrelid = 0 THEN 0 ELSE pg_catalog.pg_total_relation_size(c.reltoastrelid) END AS toast,
                   CASE WHEN c.reltuples < 0 THEN NULL
                        WHEN c.relpages = 0 THEN c.reltuples
                        ELSE c.reltuples / c.relpages
                             * (pg_catalog.pg_relation_size(c.oid) / pg_catalog.current_setting('block_size')::bigint) END::bigint AS rows
            FROM pg_catalog.pg_class AS c WHERE c.oid = {oid}
            """);

    /** Waits while somebody has the table locked in ACCESS EXCLUSIVE mode. */
    static TableSize read(Session session, Table table) throws SQLException {
        return session.queryFirst(READ.with("oid", table.oid()), row -> {
                    long rows = row.getLong("rows");
                    return new TableSize(
                            row.wasNull() ? OptionalLong.empty() : OptionalLong.of(rows),
                            row.getLong("heap"),
                            row.getLong("indexes"),
                            row.getLong("toast"));
                })
                .orElseThrow();
    }

    /** The total size. */
    public long bytes() {
        return heapBytes + indexBytes + toastBytes;
    }
}
