package liquibase.ext.partition.endtoend;

import liquibase.ext.partition.testing.TestDatabase;

/** What the tests that stop a copy in the middle have in common. */
final class Copy {

    /** Every chunk that is finished, with its times. */
    static final String CHUNKS = "SELECT row_to_json(c)::text FROM partition_chunk AS c";

    /** How the statement begins with which a worker claims a chunk. */
    static final String CLAIM = "INSERT INTO \"public\".\"partition_chunk\"";

    private Copy() {}

    /** What a {@link Barrier} does to stop workers before these chunks: claims them, as a worker does that is not done. */
    static String beginChunks(int first, int last) {
        return """
                WITH plan AS (
                  SELECT id, coalesce(blocks_per_chunk, 1) AS size FROM partition_migration WHERE source_table = 'orders'
                )
                INSERT INTO partition_chunk (migration_id, from_block, to_block, rows_copied)
                SELECT id, i * size, (i + 1) * size, 0 FROM plan, generate_series(%d, %d) AS i
                """.formatted(first, last);
    }

    /** Blocks until no session holds a migration's lock. That of a killed process ends when its statement has. */
    static void awaitNoRunner(TestDatabase database) {
        database.awaitTrue("""
                SELECT NOT EXISTS (SELECT FROM pg_locks AS l JOIN pg_database AS d ON d.oid = l.database
                                   WHERE l.locktype = 'advisory' AND d.datname = current_database())
                """);
    }

    /** What {@code liquibase release-locks} does, without the seconds that its start takes. */
    static void releaseLocks(TestDatabase database) {
        database.execute("UPDATE databasechangeloglock SET locked = false, lockgranted = NULL, lockedby = NULL");
    }
}
