package liquibase.ext.partition.engine.delta.replay;

import java.sql.SQLException;
import java.util.ArrayList;
import java.util.List;
import liquibase.ext.partition.engine.catalog.Heap;
import liquibase.ext.partition.engine.delta.Segments;
import liquibase.ext.partition.engine.pace.ChunkSize;
import liquibase.ext.partition.engine.sql.QualifiedName;
import liquibase.ext.partition.engine.sql.Session;
import liquibase.ext.partition.engine.sql.Sql;
import liquibase.ext.partition.engine.sql.SqlState;
import liquibase.ext.partition.engine.state.Chunk;

/**
 * One pass of a replay through the delta table, batch by batch, each in a transaction of its own: how large the batches
 * are, and which of them are tried again.
 *
 * <p>A batch begins with the rows in a range of blocks of one of the delta table's {@link Segments}. So a pass reads
 * the delta once, from front to back, however many dead rows earlier batches have left in it. Segments that earlier
 * passes have emptied are truncated.
 */
record ReplayPass(Replay replay) {
    /** The rows that a batch begins with: some blocks of one of the delta table's segments. */
    private record Piece(QualifiedName segment, Chunk chunk) {}

    /** A delta row of a short key takes about 50 bytes with its header, a block is 8 kB. */
    private static final long ROWS_PER_BLOCK = 150;

    /**
     * The size of a pass's first batch: about a thousand rows, each of which costs a few lookups that may all be reads
     * from a disk.
     */
    private static final long FIRST_BLOCKS = 8;

    /** How often a batch is tried: whatever makes such a transaction fail by chance is over by then. */
    private static final int ATTEMPTS_AT_A_BATCH = 5;

    private static final Sql ONE_SEGMENT = Sql.of("ONLY {segment}");

    /** Replays what the delta table holds now, tidies it, and reports to {@code cost} how long the rows took. */
    long run(Session session, long batchSize, Replay.Turn turn, ReplayCost cost) throws SQLException {
        long begun = System.nanoTime();
        long taken = withoutVacuum(session, batchSize, turn);
        cost.add(taken, System.nanoTime() - begun);
        if (taken > 0) {
            new Segments(replay.capture()).vacuum(session);
        }
        return taken;
    }

    /** Replays what the delta table holds now; leaves the dead rows to a later pass. */
    long withoutVacuum(Session session, long batchSize, Replay.Turn turn) throws SQLException {
        ChunkSize size = new ChunkSize(FIRST_BLOCKS, batchSize / ROWS_PER_BLOCK);
        List<Piece> refused = new ArrayList<>();
        long taken = 0;
        boolean large = false;
        for (QualifiedName segment : replay.capture().segments()) {
            long blocks = Heap.blocks(session, segment);
            large |= blocks > Segments.LARGE_BLOCKS;
            for (long from = 0; from < blocks; ) {
                Piece piece = new Piece(segment, new Chunk(from, Math.min(blocks, from + size.next(turn.await()))));
                taken += size.timed(piece.chunk().blocks(), () -> replayBatch(session, piece, refused));
                from = piece.chunk().to();
            }
        }
        taken += replayRefused(session, refused, turn);
        if (large) {
            new Segments(replay.capture()).tidy(session);
        }
        return taken;
    }

    /**
     * Rows can have handed a unique value on to each other: B has it now, and A, whose key is in a later batch, still
     * has it in the table written to. Once A's batch is replayed, B's can be replayed too. If two batches wait for each
     * other, the whole delta is taken at once, which removes the rows of both before any row is inserted.
     */
    private long replayRefused(Session session, List<Piece> refused, Replay.Turn turn) throws SQLException {
        long taken = 0;
        List<Piece> left = refused;
        while (left.size() > 1) {
            List<Piece> again = new ArrayList<>();
            for (Piece piece : left) {
                turn.await();
                taken += replayBatch(session, piece, again);
            }
            if (again.size() == left.size()) {
                break;
            }
            left = again;
        }
        if (left.isEmpty()) {
            return taken;
        }
        try {
            return taken + inOneSnapshot(session, () -> replay.drain(session));
        } catch (SQLException e) {
            if (!SqlState.isDuplicate(e)) {
                throw e;
            }
            throw replay.refusal(e);
        }
    }

    /**
     * @param refused receives the piece if a unique index refuses one of its rows, which then stay in the delta table
     */
    private long replayBatch(Session session, Piece piece, List<Piece> refused) throws SQLException {
        try {
            return inOneSnapshot(session, () -> replay.replay(session, take(piece)));
        } catch (SQLException e) {
            if (!SqlState.isDuplicate(e)) {
                throw e;
            }
            refused.add(piece);
            return 0;
        }
    }

    private Sql take(Piece piece) {
        return replay.take(ONE_SEGMENT.with("segment", piece.segment()), piece.chunk());
    }

    private long inOneSnapshot(Session session, Session.Work<Long> work) throws SQLException {
        for (int attempt = 1; ; attempt++) {
            try {
                return session.inTransaction(() -> {
                    session.update(Replay.ONE_SNAPSHOT);
                    replay.begin(session);
                    return work.run();
                });
            } catch (SQLException e) {
                if (attempt == ATTEMPTS_AT_A_BATCH || !SqlState.isTransient(e)) {
                    throw e;
                }
            }
        }
    }
}
