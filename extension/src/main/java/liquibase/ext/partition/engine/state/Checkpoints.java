package liquibase.ext.partition.engine.state;

import java.sql.SQLException;
import java.util.HashSet;
import java.util.Set;
import liquibase.ext.partition.engine.sql.Session;
import liquibase.ext.partition.engine.sql.Sql;

/** Reads and writes {@code partition_chunk}: the chunks of a copy that are finished. */
public final class Checkpoints {
    private static final Sql FINISHED =
            Sql.of("SELECT from_block FROM {chunk} WHERE migration_id = {migration} AND finished_at IS NOT NULL");

    private static final Sql ROWS =
            Sql.of("SELECT coalesce(sum(rows_copied), 0) FROM {chunk} WHERE migration_id = {migration}");

    private static final Sql CLAIM = Sql.of("""
            INSERT INTO {chunk} (migration_id, from_block, to_block, rows_copied)
            VALUES ({migration}, {from}, {to}, 0)""");

    private static final Sql FINISH = Sql.of("""
            UPDATE {chunk} SET rows_copied = {rows}, finished_at = clock_timestamp()
            WHERE migration_id = {migration} AND from_block = {from}""");

    private static final Sql FORGET = Sql.of("DELETE FROM {chunk} WHERE migration_id = {migration}");

    private final Session session;
    private final StateTables tables;
    private final Migration migration;

    public Checkpoints(Session session, StateTables tables, Migration migration) {
        this.session = session;
        this.tables = tables;
        this.migration = migration;
    }

    /** The first blocks of the chunks that are finished. */
    public Set<Long> finished() throws SQLException {
        return new HashSet<>(session.query(sql(FINISHED), row -> row.getLong(1)));
    }

    /** Rows copied by the finished chunks. */
    public long rowsCopied() throws SQLException {
        return session.queryLong(sql(ROWS));
    }

    /**
     * Claims a chunk, first thing in the chunk's transaction. Waits while another transaction has claimed it, and then fails
     * with a unique violation if that one committed: the backend of a killed runner may still be at work.
     */
    public void claim(long fromBlock, long toBlock) throws SQLException {
        session.update(sql(CLAIM).with("from", fromBlock).with("to", toBlock));
    }

    /** Completes the claim, last thing in the chunk's transaction. */
    public void finish(long fromBlock, long rows) throws SQLException {
        session.update(sql(FINISH).with("rows", rows).with("from", fromBlock));
    }

    public void forgetAll() throws SQLException {
        session.update(sql(FORGET));
    }

    private Sql sql(Sql template) {
        return template.with("chunk", tables.chunk()).with("migration", migration.id());
    }
}
