package liquibase.ext.partition.engine.pace;

import java.sql.SQLException;
import java.time.Duration;
import liquibase.ext.partition.engine.sql.Session;
import liquibase.ext.partition.engine.sql.TupleId;

/**
 * How many blocks a chunk has, so that it takes about the intended time. A transaction of minutes would keep VACUUM
 * from cleaning up behind the writers, and a killed runner would lose minutes of work.
 *
 * <p>Begins small and follows the smoothed time that a block takes. At most doubles the size that has been tried, or
 * halves the size that is tried now. One instance serves all workers, which have the same work. Thread-safe.
 */
public final class ChunkSize {
    private final long most;
    private long current;
    private double nanosPerBlock;
    private Duration target = Pace.DEFAULT_CHUNK_TIME;

    /**
     * @param first blocks of the first chunk: a guess that certainly takes less than {@link Pace#DEFAULT_CHUNK_TIME}
     * @param most blocks that a chunk may have, however fast the work is
     */
    public ChunkSize(long first, long most) {
        this.most = Math.max(1, Math.min(most, TupleId.MAX_BLOCK));
        this.current = Math.max(1, Math.min(first, this.most));
    }

    /** Converts a bound in rows into a bound in blocks; at least one block. */
    public static long blocksFor(long rows, double rowsPerBlock) {
        return Math.max(1, Math.round(rows / rowsPerBlock));
    }

    /**
     * How many blocks the next chunk should have.
     *
     * @param time the time that the chunk should take. A shorter time than before makes the next chunk smaller at once;
     *     a longer one lets it grow gradually
     */
    public synchronized long next(Duration time) {
        if (time.compareTo(target) < 0) {
            current = Math.max(1, (long) ((double) current * time.toNanos() / target.toNanos()));
        }
        target = time;
        return current;
    }

    /** Does the work of a chunk of this many blocks, and measures how long it takes. */
    public <T> T timed(long blocks, Session.Work<T> work) throws SQLException {
        long begun = System.nanoTime();
        T result = work.run();
        took(blocks, Duration.ofNanos(System.nanoTime() - begun));
        return result;
    }

    /** Records that a chunk of this many blocks took this long; the time must not include waiting for others. */
    public synchronized void took(long blocks, Duration time) {
        long nanos = Math.max(1, time.toNanos());
        boolean isScrap = blocks < current / 2;
        if (isScrap && nanos <= target.toNanos()) {
            // The rest of a gap: its time is mostly the cost of a transaction, which would make every block look slow.
            return;
        }
        double measured = (double) nanos / blocks;
        nanosPerBlock = nanosPerBlock == 0 ? measured : (nanosPerBlock + measured) / 2;
        long fits = (long) (target.toNanos() / nanosPerBlock);
        // The size must not double for each worker that returns with a chunk of an earlier size.
        long tried = Math.max(current, Math.min(2 * current, 2 * blocks));
        current = Math.min(most, Math.max(1, Math.max(current / 2, Math.min(fits, tried))));
    }
}
