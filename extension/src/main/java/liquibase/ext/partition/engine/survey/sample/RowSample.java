package liquibase.ext.partition.engine.survey.sample;

import java.sql.SQLException;
import java.util.ArrayList;
import java.util.Collection;
import java.util.List;
import liquibase.ext.partition.engine.catalog.Heap;
import liquibase.ext.partition.engine.sql.Identifier;
import liquibase.ext.partition.engine.sql.QualifiedName;
import liquibase.ext.partition.engine.sql.Session;
import liquibase.ext.partition.engine.sql.Sql;

/**
 * Some thousand rows from all over a table's heap, or all rows of a small one: a block each from places at equal
 * distances, including the first and the last. However large the table is, no more blocks are read. TABLESAMPLE would
 * have to decide about every block of the table, and may pass over the oldest rows and the newest.
 *
 * <p>The sample is planned by the present size of the table; a block that is gone by the time of the reading gives no
 * rows.
 *
 * @param rows a relation in parentheses, for a FROM clause
 * @param whole whether these are all rows of the table
 */
public record RowSample(Sql rows, boolean whole) {
    /** Reading this many blocks takes a second from the slowest disk. */
    static final int BLOCKS = 100;

    /** The most rows of one block, so that a sample of the narrowest rows is no larger than one of ordinary rows. */
    static final int ROWS_OF_A_BLOCK = 50;

    private static final Sql ALL = Sql.of("(SELECT {columns} FROM ONLY {table})");

    /** For relations without a heap: a view, a foreign table, a partitioned table. */
    private static final Sql NONE = Sql.of("(SELECT {columns} FROM ONLY {table} LIMIT 0)");

    private static final Sql BLOCK = Sql.of("""
            (SELECT {columns} FROM ONLY {table} WHERE ctid >= '({block},0)'::pg_catalog.tid AND ctid < '({next},0)'::pg_catalog.tid LIMIT {most})""");

    private static final Sql BLOCKS_OF_IT = Sql.of("({blocks})");

    /**
     * Plans a sample; reads no row.
     *
     * @param columns the wanted columns of the table, at least one
     */
    public static RowSample of(Session session, QualifiedName table, Collection<Identifier> columns)
            throws SQLException {
        long blocks = Heap.blocks(session, table);
        if (blocks <= BLOCKS) {
            return new RowSample(
                    (blocks == 0 ? NONE : ALL)
                            .with("columns", Sql.list(columns))
                            .with("table", table),
                    true);
        }
        List<Sql> some = new ArrayList<>();
        for (long i = 0; i < BLOCKS; i++) {
            long block = i * (blocks - 1) / (BLOCKS - 1);
            some.add(BLOCK.with("columns", Sql.list(columns))
                    .with("table", table)
                    .with("block", Sql.raw(Long.toString(block)))
                    .with("next", Sql.raw(Long.toString(block + 1)))
                    .with("most", Sql.raw(Integer.toString(ROWS_OF_A_BLOCK))));
        }
        return new RowSample(BLOCKS_OF_IT.with("blocks", Sql.join("\nUNION ALL ", some)), false);
    }
}
