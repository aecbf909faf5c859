package liquibase.ext.partition.engine.catalog;

import java.sql.SQLException;
import liquibase.ext.partition.engine.sql.QualifiedName;
import liquibase.ext.partition.engine.sql.Session;
import liquibase.ext.partition.engine.sql.Sql;
import liquibase.ext.partition.engine.sql.TupleId;

/** The size of a table's heap. Reads only. */
public final class Heap {
    private static final Sql BLOCKS = Sql.of("""
            SELECT pg_catalog.pg_relation_size({table}::pg_catalog.regclass) / pg_catalog.current_setting('block_size')::bigint""");

    /** {@code reltuples} is -1 for a table that was never vacuumed nor analyzed (since PostgreSQL 14). */
    private static final Sql DENSITY = Sql.of("""
            SELECT CASE WHEN relpages > 0 AND reltuples > 0 THEN reltuples / relpages ELSE -1 END
            FROM pg_catalog.pg_class WHERE oid = {table}::pg_catalog.regclass""");

    private static final Sql FILENODE =
            Sql.of("SELECT coalesce(pg_catalog.pg_relation_filenode(pg_catalog.to_regclass({table})), 0)");

    private static final Sql BYTES = Sql.of("SELECT pg_catalog.pg_table_size({table}::pg_catalog.regclass)");

    private static final Sql COUNT_HEAD = Sql.of("SELECT pg_catalog.count(*) FROM {table} WHERE ctid < {to}");

    private static final long SAMPLED_BLOCKS = 200;

    private Heap() {}

    /**
     * The file that has the table's rows; 0 if there is none. Block numbers belong to one file: a caller that plans by
     * them reads the file first, and checks it again with every statement that reads by them.
     */
    public static long filenode(Session session, QualifiedName table) throws SQLException {
        return session.queryLong(FILENODE.with("table", table.quoted()));
    }

    /** The heap's present size in blocks. */
    public static long blocks(Session session, QualifiedName table) throws SQLException {
        return session.queryLong(BLOCKS.with("table", table.quoted()));
    }

    /** About how many blocks hold this many bytes of rows, including those in TOAST; may be 0. */
    public static long blocksOf(long bytes, Session session, QualifiedName table) throws SQLException {
        long size = session.queryLong(BYTES.with("table", table.quoted()));
        return size == 0 ? 0 : Math.round((double) bytes * blocks(session, table) / size);
    }

    /**
     * About how many rows a block holds, at least 1. By the statistics; if there are none, by the heap's first blocks.
     */
    public static double rowsPerBlock(Session session, QualifiedName table) throws SQLException {
        double density = session.queryFirst(DENSITY.with("table", table.quoted()), row -> row.getDouble(1))
                .orElse(-1.0);
        if (density <= 0) {
            long sampled = Math.min(SAMPLED_BLOCKS, blocks(session, table));
            density = sampled == 0
                    ? 1
                    : (double) session.queryLong(COUNT_HEAD.with("table", table).with("to", new TupleId(sampled)))
                            / sampled;
        }
        return Math.max(1, density);
    }
}
