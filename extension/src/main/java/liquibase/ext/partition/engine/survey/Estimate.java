package liquibase.ext.partition.engine.survey;

import java.time.Duration;

/**
 * The space that a migration needs besides the table itself, until the backup is dropped: about as much again. It is
 * less if the table is bloated, since the copy has no dead rows and its indexes are built anew; and more if there are
 * more partitions than pages to fill.
 *
 * @param copyBytes the size of the new table's rows
 * @param indexBytes the size of its indexes
 * @param walBytes the WAL that is written meanwhile; the server keeps it for as long as a replica or a replication slot
 *     needs it
 * @param deltaBytesPerMillion the size of the delta table per million rows that are written during the copy, or from
 *     one passing update to the next while the swap and the drop wait
 * @param shortest the shortest time for copy, indexes and comparison
 * @param longest the longest time for these
 * @param assumption what the times rest on, as a sentence
 */
public record Estimate(
        long copyBytes,
        long indexBytes,
        long walBytes,
        long deltaBytesPerMillion,
        Duration shortest,
        Duration longest,
        String assumption) {
    /**
     * The rows that one worker copies, indexes and compares in a second, and the bytes that it moves. The slow figures
     * were measured on two cores that others kept busy many times over (400,000 rows of 100 and of 500 bytes, two
     * indexes, PostgreSQL 17); the fast ones are those figures without that load.
     */
    private static final long SLOW_ROWS_A_SECOND = 8_000;

    private static final long SLOW_BYTES_A_SECOND = 20_000_000;
    private static final long FAST_ROWS_A_SECOND = 60_000;
    private static final long FAST_BYTES_A_SECOND = 150_000_000;

    /** Used if the statistics do not say how many rows there are. */
    private static final long BYTES_OF_A_ROW = 100;

    /** More workers are limited by the disk sooner than by their number. */
    private static final int MOST_USEFUL_WORKERS = 4;

    /** A key of 16 bytes, the partition column, and their index. */
    private static final long DELTA_ROW_BYTES = 120;

    private static final String ASSUMPTION =
            "8,000 to 60,000 rows and 20 to 150 MB a second and worker, for copy, indexes and comparison together; the copy tells its own speed every ten seconds";

    /** @param workers how many workers copy, build and compare at the same time */
    static Estimate of(TableSize size, int workers) {
        long copy = size.heapBytes() + size.toastBytes();
        int useful = Math.min(workers, MOST_USEFUL_WORKERS);
        long rows = size.rows().orElse(size.heapBytes() / BYTES_OF_A_ROW);
        return new Estimate(
                copy,
                size.indexBytes(),
                copy + size.indexBytes(),
                DELTA_ROW_BYTES * 1_000_000,
                Duration.ofSeconds((rows / FAST_ROWS_A_SECOND + size.bytes() / FAST_BYTES_A_SECOND) / useful),
                Duration.ofSeconds((rows / SLOW_ROWS_A_SECOND + size.bytes() / SLOW_BYTES_A_SECOND) / useful),
                ASSUMPTION);
    }

    /** The disk space that is needed besides the table, without WAL and delta table. */
    public long diskBytes() {
        return copyBytes + indexBytes;
    }
}
