package liquibase.ext.partition.endtoend;

import liquibase.ext.partition.testing.TestDatabase;

/** The common part of the tests that stop a copy in the middle. */
final class Copy {

    /** Every finished chunk, with its times. */
    static final String CHUNKS = "SELECT row_to_json(c)::text FROM partition_chunk AS c";

    /** The beginning of the statement with which a worker claims a chunk. */
    static final String CLAIM = "INSERT INTO \"public\".\"partition_chunk\"";

    private Copy() {}

    /** Whether both workers wait to claim a chunk. */
    static final String BOTH_WAIT = """
            SELECT count(*) = 2 FROM pg_stat_activity
            WHERE datname = current_database() AND wait_event_type = 'Lock'
              AND application_name LIKE 'liquibase-partition chunkedCopy%'
            """;

    /**
     * The statement of a {@link Barrier} that stops workers there: it claims the rest of the table, as a worker does
     * that has not finished.
     */
    static String claimAfter(int perCent) {
        return """
                INSERT INTO partition_chunk (migration_id, from_block, to_block, rows_copied)
                SELECT id, source_blocks * %d / 100, source_blocks, 0 FROM partition_migration WHERE source_table = 'orders'
                """.formatted(perCent);
    }

    /**
     * Blocks until no session holds a migration's lock. A killed process's session ends when its statement has ended.
     */
    static void awaitNoRunner(TestDatabase database) {
        database.awaitTrue("""
                SELECT NOT EXISTS (SELECT FROM pg_locks AS l JOIN pg_database AS d ON d.oid = l.database
                                   WHERE l.locktype = 'advisory' AND d.datname = current_database())
                """);
    }

    /** Does what {@code liquibase release-locks} does, without the seconds that its start takes. */
    static void releaseLocks(TestDatabase database) {
        database.execute("UPDATE databasechangeloglock SET locked = false, lockgranted = NULL, lockedby = NULL");
    }
}
