package liquibase.ext.partition.engine.verify;

import java.sql.SQLException;
import java.util.List;
import java.util.concurrent.atomic.AtomicReference;
import liquibase.ext.partition.engine.catalog.Heap;
import liquibase.ext.partition.engine.pace.ChunkSize;
import liquibase.ext.partition.engine.partitioning.PartitionKey;
import liquibase.ext.partition.engine.partitioning.PartitionLayout;
import liquibase.ext.partition.engine.run.RemainingBlocks;
import liquibase.ext.partition.engine.run.StepRun;
import liquibase.ext.partition.engine.run.Workers;
import liquibase.ext.partition.engine.sql.Identifier;
import liquibase.ext.partition.engine.sql.QualifiedName;
import liquibase.ext.partition.engine.sql.Session;
import liquibase.ext.partition.engine.sql.Sql;
import liquibase.ext.partition.engine.sql.TupleId;
import liquibase.ext.partition.engine.state.Chunk;
import liquibase.ext.partition.engine.state.DefaultRows;

/**
 * Counts the rows of the default partition by what put them there.
 *
 * <p>Transactions: one statement per chunk. Locks: those of a SELECT. Rows may be written meanwhile; then the numbers
 * are not those of a single moment.
 */
record DefaultPartition(QualifiedName table, PartitionKey key, PartitionLayout layout) {
    private static final long FIRST_BLOCKS = 128;

    private static final Sql COUNT = Sql.of("""
            SELECT {counts}
            FROM (SELECT {time} AS time, {empty} AS empty FROM ONLY {table} AS t
                  WHERE t.ctid >= {fromBlock} AND t.ctid < {toBlock} OFFSET 0) AS r""");

    DefaultRows count(StepRun run, Workers team, long chunkSize, int workers) throws SQLException {
        long blocks = Heap.blocks(run.session(), table);
        if (blocks == 0) {
            return DefaultRows.none();
        }
        ChunkSize size =
                new ChunkSize(FIRST_BLOCKS, ChunkSize.blocksFor(chunkSize, Heap.rowsPerBlock(run.session(), table)));
        AtomicReference<DefaultRows> counted = new AtomicReference<>(DefaultRows.none());
        team.forEach(
                new RemainingBlocks(List.of(new Chunk(0, blocks)), size, team::chunkTime),
                workers,
                (session, chunk) -> {
                    DefaultRows found = size.timed(chunk.blocks(), () -> count(session, chunk));
                    counted.accumulateAndGet(found, DefaultRows::plus);
                },
                () -> {});
        return counted.get();
    }

    private DefaultRows count(Session session, Chunk chunk) throws SQLException {
        Sql count = COUNT.with("time", key.time(DefaultPartition::ofRow))
                .with("empty", DefaultRows.empty(key, DefaultPartition::ofRow))
                .with("table", table)
                .with("counts", DefaultRows.counts(layout))
                .with("fromBlock", new TupleId(chunk.from()))
                .with("toBlock", new TupleId(chunk.to()));
        return session.queryFirst(count, DefaultRows::read).orElseThrow();
    }

    private static Sql ofRow(Identifier column) {
        return Sql.list("t", List.of(column));
    }
}
