package liquibase.ext.partition.engine.state;

import java.sql.SQLException;
import java.util.List;
import liquibase.ext.partition.engine.sql.Session;
import liquibase.ext.partition.engine.sql.Sql;
import liquibase.ext.partition.engine.sql.SqlState;

/** Reads and writes {@code partition_chunk}: the chunks of a copy that are finished. */
public final class Checkpoints {
    /** The gaps between the finished chunks. */
    private static final Sql MISSING = Sql.of("""
            SELECT pg_catalog.lower(gap) AS from_block, pg_catalog.upper(gap) AS to_block
            FROM (
              SELECT pg_catalog.unnest(pg_catalog.int8multirange(pg_catalog.int8range({from}, {to}))
                            - coalesce(pg_catalog.range_agg(pg_catalog.int8range(c.from_block, c.to_block)), '{}')) AS gap
              FROM {chunk} AS c
              WHERE c.migration_id = {migration} AND c.finished_at IS NOT NULL
                AND c.from_block < {to} AND c.to_block > {from}
            ) AS gaps
            ORDER BY gap""");

    private static final Sql COUNT = Sql.of("SELECT pg_catalog.count(*) FROM {chunk} WHERE migration_id = {migration}");

    private static final Sql ROWS =
            Sql.of("SELECT coalesce(pg_catalog.sum(rows_copied), 0) FROM {chunk} WHERE migration_id = {migration}");

    private static final Sql CLAIM = Sql.of("""
            INSERT INTO {chunk} (migration_id, from_block, to_block, rows_copied)
            VALUES ({migration}, {from}, {to}, 0)""");

    private static final Sql FINISH = Sql.of("""
            UPDATE {chunk} SET rows_copied = {rows}, finished_at = pg_catalog.clock_timestamp()
            WHERE migration_id = {migration} AND from_block = {from}""");

    private static final Sql FORGET = Sql.of("DELETE FROM {chunk} WHERE migration_id = {migration}");

    /** Another transaction has, or had, claimed a block of the chunk. */
    public static final class Taken extends SQLException {
        private static final long serialVersionUID = 1L;

        Taken(SQLException cause) {
            super(cause.getMessage(), cause.getSQLState(), cause);
        }

        /** Whether the other claim was committed; otherwise it is time to try again. */
        public boolean isCommitted() {
            return !SqlState.DEADLOCK_DETECTED.matches(this);
        }
    }

    private final Session session;
    private final StateTables tables;
    private final Migration migration;

    public Checkpoints(Session session, StateTables tables, Migration migration) {
        this.session = session;
        this.tables = tables;
        this.migration = migration;
    }

    /** The parts of a range of the source's blocks that are in no finished chunk, in order. */
    public List<Chunk> missing(Chunk range) throws SQLException {
        return session.query(
                sql(MISSING).with("from", range.from()).with("to", range.to()),
                row -> new Chunk(row.getLong("from_block"), row.getLong("to_block")));
    }

    /** How many chunks are finished. */
    public long count() throws SQLException {
        return session.queryLong(sql(COUNT));
    }

    /** How many rows the finished chunks have copied. */
    public long rowsCopied() throws SQLException {
        return session.queryLong(sql(ROWS));
    }

    /**
     * Claims a chunk; must come first in the chunk's transaction. Waits while another transaction has claimed a block
     * of it: the backend of a killed runner may still be at work.
     *
     * @throws Taken if the other transaction committed, or both waited for each other; the transaction must be rolled
     *     back
     */
    public void claim(Chunk chunk) throws SQLException {
        try {
            session.update(sql(CLAIM).with("from", chunk.from()).with("to", chunk.to()));
        } catch (SQLException e) {
            boolean isConflict = SqlState.EXCLUSION_VIOLATION.matches(e) || SqlState.UNIQUE_VIOLATION.matches(e);
            if (isConflict || SqlState.DEADLOCK_DETECTED.matches(e)) {
                throw new Taken(e);
            }
            throw e;
        }
    }

    /** Completes the claim; must come last in the chunk's transaction. */
    public void finish(Chunk chunk, long rows) throws SQLException {
        session.update(sql(FINISH).with("rows", rows).with("from", chunk.from()));
    }

    public void forgetAll() throws SQLException {
        session.update(sql(FORGET));
    }

    private Sql sql(Sql template) {
        return template.with("chunk", tables.chunk()).with("migration", migration.id());
    }
}
