package liquibase.ext.partition.engine;

import java.sql.Connection;
import java.sql.SQLException;
import java.sql.Statement;
import java.util.concurrent.Future;
import liquibase.ext.partition.engine.catalog.Heap;
import liquibase.ext.partition.engine.run.Chunk;
import liquibase.ext.partition.engine.sql.Session;
import liquibase.ext.partition.testing.TestDatabase;

/**
 * Lets a copy run as far as one chunk and no further, until it is opened: holds that chunk's checkpoint uncommitted, so that
 * the worker that claims the chunk waits. With one worker every chunk before it is committed by then, and none after it begun.
 */
public final class ChunkGate implements AutoCloseable {
    private final TestDatabase database;
    private final Connection connection;

    private ChunkGate(TestDatabase database, Connection connection) {
        this.database = database;
        this.connection = connection;
    }

    /**
     * A gate before a chunk, counted from 0, of a copy that is planned with {@link MigrationFixture#CHUNK_SIZE}. The migration
     * must have been prepared, the copy not begun.
     */
    public static ChunkGate beforeChunk(MigrationFixture migration, int chunk) throws SQLException {
        Connection connection = migration.database().connect();
        Session session = new Session(connection);
        long block =
                chunk * Chunk.blocksFor(MigrationFixture.CHUNK_SIZE, Heap.rowsPerBlock(session, migration.source()));
        if (block >= Heap.blocks(session, migration.source())) {
            connection.close();
            throw new IllegalArgumentException("The table has no chunk " + chunk);
        }
        connection.setAutoCommit(false);
        try (Statement statement = connection.createStatement()) {
            statement.execute("""
                    INSERT INTO partition_chunk (migration_id, from_block, to_block, rows_copied)
                    SELECT id, %d, %d, 0 FROM partition_migration WHERE source_schema = '%s' AND source_table = '%s'""".formatted(
                            block,
                            block + 1,
                            migration.source().schema().name().replace("'", "''"),
                            migration.source().name().name().replace("'", "''")));
        }
        return new ChunkGate(migration.database(), connection);
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

    /** Copies the chunk from here and commits it with its checkpoint, as a killed runner's backend may do yet. */
    public void finishChunk(MigrationFixture migration) throws SQLException {
        try (Statement statement = connection.createStatement()) {
            statement.execute("""
                    WITH plan AS (SELECT m.id, c.from_block, c.from_block + m.blocks_per_chunk AS to_block
                                  FROM partition_migration AS m JOIN partition_chunk AS c ON c.migration_id = m.id
                                  WHERE c.finished_at IS NULL),
                         copied AS (INSERT INTO %s SELECT s.* FROM %s AS s, plan AS p
                                    WHERE s.ctid >= format('(%%s,0)', p.from_block)::tid
                                      AND s.ctid < format('(%%s,0)', p.to_block)::tid RETURNING 1)
                    UPDATE partition_chunk AS c
                    SET to_block = p.to_block, finished_at = now(), rows_copied = (SELECT count(*) FROM copied)
                    FROM plan AS p WHERE c.migration_id = p.id AND c.from_block = p.from_block""".formatted(
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
