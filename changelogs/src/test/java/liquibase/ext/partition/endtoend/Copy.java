package liquibase.ext.partition.endtoend;

import liquibase.ext.partition.testing.TestDatabase;

/** What the tests that stop a copy in the middle have in common. */
final class Copy {

    /** Every chunk that is finished, with its times. */
    static final String CHUNKS = "SELECT row_to_json(c)::text FROM partition_chunk AS c";

    /** How the statement begins with which a worker claims a chunk. */
    static final String CLAIM = "INSERT INTO \"public\".\"partition_chunk\"";

    private Copy() {}

    /** Whether both workers wait to claim a chunk. */
    static final String BOTH_WAIT = """
            SELECT count(*) = 2 FROM pg_stat_activity
            WHERE datname = current_database() AND wait_event_type = 'Lock'
              AND application_name LIKE 'liquibase-partition chunkedCopy%'
            """;

    /**
     * What a {@link Barrier} does to stop workers there: claims the rest of the table, as a worker does that is not
     * done.
     */
    static String claimAfter(int perCent) {
        return """
                INSERT INTO partition_chunk (migration_id, from_block, to_block, rows_copied)
                SELECT id, source_blocks * %d / 100, source_blocks, 0 FROM partition_migration WHERE source_table = 'orders'
                """.formatted(perCent);
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
