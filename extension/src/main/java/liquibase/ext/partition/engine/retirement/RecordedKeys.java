package liquibase.ext.partition.engine.retirement;

import java.sql.SQLException;
import liquibase.ext.partition.engine.catalog.Heap;
import liquibase.ext.partition.engine.delta.Capture;
import liquibase.ext.partition.engine.delta.Strangers;
import liquibase.ext.partition.engine.pace.ChunkSize;
import liquibase.ext.partition.engine.pace.Pace;
import liquibase.ext.partition.engine.run.StepRun;
import liquibase.ext.partition.engine.sql.QualifiedName;
import liquibase.ext.partition.engine.sql.Session;
import liquibase.ext.partition.engine.sql.Sql;
import liquibase.ext.partition.engine.sql.TupleId;
import liquibase.ext.partition.engine.state.Migration;

/**
 * Writes the keys of all rows of a partition into the delta table, some blocks at a time. A row that is written
 * meanwhile, wherever it goes, is captured, as long as the table is a partition. The delta table takes any key without
 * harm, because a replay goes by what the live table has then.
 */
record RecordedKeys(StepRun run, Migration migration) {
    /** A key takes about 50 bytes in the delta table; so a chunk has some tens of thousands of rows at first. */
    private static final long FIRST_BLOCKS = 500;

    private static final Sql RECORD = Sql.of("""
            INSERT INTO {delta} ({columns}) SELECT {columns} FROM ONLY {partition} WHERE ctid >= {from} AND ctid < {to}""");

    private static final Sql ANALYZE = Sql.of("ANALYZE {segments}");

    void of(QualifiedName partition) throws SQLException {
        Session session = run.session();
        Capture capture = Capture.of(migration);
        Strangers strangers = new Strangers(capture, capture.delta());
        String notRecorded = "The keys of %s are not recorded in %s".formatted(partition, capture.delta());
        long blocks = Heap.blocks(session, partition);
        ChunkSize size = new ChunkSize(FIRST_BLOCKS, TupleId.MAX_BLOCK);
        for (long from = 0; from < blocks; ) {
            long to = Math.min(blocks, from + size.next(Pace.DEFAULT_CHUNK_TIME));
            Sql chunk = RECORD.with("delta", capture.delta())
                    .with("columns", Sql.list(capture.columns()))
                    .with("partition", partition)
                    .with("from", new TupleId(from))
                    .with("to", new TupleId(to));
            size.timed(
                    to - from,
                    () -> session.inTransaction(() -> {
                        strangers.keepOut(session, notRecorded, "Nothing was changed.");
                        return session.update(chunk);
                    }));
            from = to;
        }
        session.update(ANALYZE.with("segments", Sql.list(capture.segments())));
    }
}
