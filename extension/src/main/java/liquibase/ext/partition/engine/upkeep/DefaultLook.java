package liquibase.ext.partition.engine.upkeep;

import java.sql.SQLException;
import java.util.List;
import java.util.Locale;
import liquibase.ext.partition.engine.catalog.Heap;
import liquibase.ext.partition.engine.partitioning.PartitionKey;
import liquibase.ext.partition.engine.partitioning.PartitionLayout;
import liquibase.ext.partition.engine.sql.Identifier;
import liquibase.ext.partition.engine.sql.QualifiedName;
import liquibase.ext.partition.engine.sql.Session;
import liquibase.ext.partition.engine.sql.Sql;
import liquibase.ext.partition.engine.sql.TupleId;
import liquibase.ext.partition.engine.state.DefaultRows;

/**
 * A look into the default partition of a table in service, which takes no longer the larger it is: up to
 * {@value #MOST_BLOCKS} blocks are read. Of a larger one it reads as many by chance, and its end, where new rows come.
 *
 * <p>Locks: ACCESS SHARE.
 *
 * @param rows by cause; those that have an interval are none of them
 * @param misplaced rows of intervals that should have a partition
 * @param isEstimate whether the numbers are reckoned from a part of the rows
 */
record DefaultLook(DefaultRows rows, long misplaced, boolean isEstimate) {
    /** 128 MB of the usual size. */
    static final long MOST_BLOCKS = 16_384;

    private static final long BLOCKS_AT_THE_END = 1_024;

    private static final Sql COUNT = Sql.of("""
            SELECT {counts}, {misplaced} AS misplaced
            FROM (SELECT {time} AS time, {empty} AS empty FROM ONLY {table} AS t{part} OFFSET 0) AS r""");

    private static final Sql MISPLACED =
            Sql.of("pg_catalog.count(*) FILTER (WHERE r.time >= {from}::timestamp AND r.time < {until}::timestamp)");

    private static final Sql SAMPLE = Sql.of(" TABLESAMPLE SYSTEM ({percent})");
    private static final Sql END = Sql.of(" WHERE t.ctid >= {block}");

    /**
     * @param layout the intervals that should have a partition
     */
    static DefaultLook at(Session session, QualifiedName table, PartitionKey key, PartitionLayout layout)
            throws SQLException {
        return at(session, table, key, layout, MOST_BLOCKS);
    }

    static DefaultLook at(Session session, QualifiedName table, PartitionKey key, PartitionLayout layout, long most)
            throws SQLException {
        Sql count = COUNT.with("counts", DefaultRows.counts(layout))
                .with(
                        "misplaced",
                        MISPLACED
                                .with("from", Sql.literal(layout.from() + " 00:00:00"))
                                .with("until", Sql.literal(layout.until() + " 00:00:00")))
                .with("time", key.time(DefaultLook::ofRow))
                .with("empty", DefaultRows.empty(key, DefaultLook::ofRow))
                .with("table", table);
        long blocks = Heap.blocks(session, table);
        if (blocks <= most) {
            return read(session, count.with("part", Sql.empty()), 1);
        }
        double share = (double) most / blocks;
        DefaultLook sampled = read(
                session,
                count.with("part", SAMPLE.with("percent", Sql.raw(String.format(Locale.ROOT, "%.6f", share * 100)))),
                1 / share);
        DefaultLook end = read(
                session,
                count.with("part", END.with("block", new TupleId(Math.max(0, blocks - BLOCKS_AT_THE_END)))),
                1);
        return new DefaultLook(sampled.rows, Math.max(sampled.misplaced, end.misplaced), true);
    }

    private static DefaultLook read(Session session, Sql count, double times) throws SQLException {
        return session.queryFirst(
                        count,
                        row -> new DefaultLook(
                                DefaultRows.read(row).times(times),
                                Math.round(row.getLong("misplaced") * times),
                                times > 1))
                .orElseThrow();
    }

    private static Sql ofRow(Identifier column) {
        return Sql.list("t", List.of(column));
    }
}
