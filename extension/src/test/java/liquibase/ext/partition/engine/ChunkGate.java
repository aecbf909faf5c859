package liquibase.ext.partition.engine;

import java.sql.Connection;
import java.sql.SQLException;
import java.sql.Statement;
import java.util.concurrent.Future;
import liquibase.ext.partition.engine.catalog.Heap;
import liquibase.ext.partition.engine.pace.ChunkSize;
import liquibase.ext.partition.engine.sql.Session;
import liquibase.ext.partition.testing.TestDatabase;

/**
 * Lets a copy run as far as some blocks and no further, until it is opened: holds an uncommitted claim on them, so that
 * a worker that claims one of them waits. With one worker, every chunk before the gate is committed by then, and none
 * after it has begun.
 */
public final class ChunkGate implements AutoCloseable {
    private final TestDatabase database;
    private final Connection connection;

    private ChunkGate(TestDatabase database, Connection connection) {
        this.database = database;
        this.connection = connection;
    }

    /**
     * A gate before a chunk, counted from 0, of a copy whose chunks hold {@link MigrationFixture#CHUNK_SIZE} rows. The
     * migration must have been prepared, and the copy not begun.
     */
    public static ChunkGate beforeChunk(MigrationFixture migration, int chunk) throws SQLException {
        long block = chunk * blocksPerChunk(migration);
        return overBlocks(migration, block, block + 1);
    }

    /** A gate over blocks {@code [from, to)}, whatever chunks the copy will make. */
    public static ChunkGate overBlocks(MigrationFixture migration, long from, long to) throws SQLException {
        // A connection of its own, since a session stays pinned to the catalog.
        try (Connection looking = migration.database().connect()) {
            if (to > Heap.blocks(Session.pinned(looking), migration.source())) {
                throw new IllegalArgumentException("The table has no block " + (to - 1));
            }
        }
        Connection connection = migration.database().connect();
        connection.setAutoCommit(false);
        try (Statement statement = connection.createStatement()) {
            statement.execute("""
                    INSERT INTO partition_chunk (migration_id, from_block, to_block, rows_copied)
                    SELECT id, %d, %d, 0 FROM partition_migration WHERE source_schema = '%s' AND source_table = '%s'""".formatted(
                            from,
                            to,
                            migration.source().schema().name().replace("'", "''"),
                            migration.source().name().name().replace("'", "''")));
        }
        return new ChunkGate(migration.database(), connection);
    }

    /** How many blocks the fixture's chunks have. */
    public static long blocksPerChunk(MigrationFixture migration) throws SQLException {
        try (Connection connection = migration.database().connect()) {
            return ChunkSize.blocksFor(
                    MigrationFixture.CHUNK_SIZE, Heap.rowsPerBlock(Session.pinned(connection), migration.source()));
        }
    }

    /** Waits until a worker stands at the gate; throws what the copy threw if it ended instead. */
    public ChunkGate awaitWorker(Future<Void> copy) throws Exception {
        while (!copy.isDone()) {
            if (database.queryLong("""
                    SELECT count(*) FROM pg_stat_activity
                    WHERE datname = current_database() AND wait_event_type = 'Lock'
                      AND application_name LIKE 'liquibase-partition chunkedCopy%'""") > 0) {
                return this;
            }
        }
        MigrationFixture.join(copy);
        throw new AssertionError("The copy ended and never came to the gate");
    }

    /**
     * Copies the blocks from here and commits them with their checkpoint, as a killed runner's backend may still do.
     */
    public void finishChunk(MigrationFixture migration) throws SQLException {
        try (Statement statement = connection.createStatement()) {
            statement.execute("""
                    WITH claim AS (SELECT * FROM partition_chunk WHERE finished_at IS NULL),
                         copied AS (INSERT INTO %s SELECT s.* FROM %s AS s, claim AS c
                                    WHERE s.ctid >= format('(%%s,0)', c.from_block)::tid
                                      AND s.ctid < format('(%%s,0)', c.to_block)::tid RETURNING 1)
                    UPDATE partition_chunk SET finished_at = now(), rows_copied = (SELECT count(*) FROM copied)
                    WHERE finished_at IS NULL""".formatted(
                            migration.newTable().quoted(), migration.source().quoted()));
        }
        connection.commit();
    }

    /** Lets the worker go on. */
    public void open() throws SQLException {
        connection.rollback();
    }

    @Override
    public void close() throws SQLException {
        connection.close();
    }
}
