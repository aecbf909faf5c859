package liquibase.ext.partition.engine.survey;

import java.time.Duration;

/**
 * What a migration takes beside the table as it is, until the backup is dropped. Upper bounds but for the time: the copy has no
 * dead rows, and its indexes are built anew.
 *
 * @param copyBytes of the new table's rows
 * @param indexBytes of its indexes
 * @param walBytes that are written meanwhile; the server keeps them for as long as a replica or a replication slot needs them
 * @param deltaBytesPerMillion of the delta table, for a million rows that are written during the copy
 * @param shortest time for copy, indexes and comparison
 * @param longest of these
 * @param assumption what the times rest on, a sentence
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
     * How much of a table with its indexes is copied, indexed and compared in a second by one worker. Measured (a million rows of
     * 100 to 500 bytes with two indexes, on a laptop's SSD and on two cores of a loaded machine); a table that is read from a slow
     * disk, or that many write, is at the lower end or below.
     */
    private static final long SLOW_BYTES_A_SECOND = 8_000_000;

    private static final long FAST_BYTES_A_SECOND = 40_000_000;

    /** More workers are limited by the disk sooner than by their number. */
    private static final int MOST_USEFUL_WORKERS = 4;

    /** A key of 16 bytes, the partition column, and their index. */
    private static final long DELTA_ROW_BYTES = 120;

    private static final String ASSUMPTION =
            "between 8 and 40 MB of table and indexes a second and worker, for copy, indexes and comparison together; the copy tells its own speed every ten seconds";

    /** @param workers that copy, build and compare at a time */
    static Estimate of(TableSize size, int workers) {
        long copy = size.heapBytes() + size.toastBytes();
        int useful = Math.min(workers, MOST_USEFUL_WORKERS);
        return new Estimate(
                copy,
                size.indexBytes(),
                copy + size.indexBytes(),
                DELTA_ROW_BYTES * 1_000_000,
                Duration.ofSeconds(size.bytes() / (FAST_BYTES_A_SECOND * useful)),
                Duration.ofSeconds(size.bytes() / (SLOW_BYTES_A_SECOND * useful)),
                ASSUMPTION);
    }

    /** The disk that is needed beside the table, without WAL and delta table. */
    public long diskBytes() {
        return copyBytes + indexBytes;
    }
}
