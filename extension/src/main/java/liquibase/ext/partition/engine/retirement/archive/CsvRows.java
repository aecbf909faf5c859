package liquibase.ext.partition.engine.retirement.archive;

import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.io.UncheckedIOException;
import java.sql.SQLException;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import liquibase.ext.partition.engine.catalog.Heap;
import liquibase.ext.partition.engine.pace.ChunkSize;
import liquibase.ext.partition.engine.pace.Pace;
import liquibase.ext.partition.engine.sql.Identifier;
import liquibase.ext.partition.engine.sql.QualifiedName;
import liquibase.ext.partition.engine.sql.Session;
import liquibase.ext.partition.engine.sql.Sql;
import liquibase.ext.partition.engine.sql.TupleId;

/**
 * The rows of a table as CSV, as PostgreSQL writes and reads it: NULL is nothing, an empty text is {@code ""}, and what
 * has a line feed, a comma or a quote stands between quotes. Dates, numbers, intervals and money are written by
 * settings under which the server reads the same value again, whatever those of the session are; so the same rows
 * always give the same bytes.
 *
 * @param columns without generated ones, which compute themselves
 */
record CsvRows(QualifiedName table, List<Identifier> columns) {
    /** About as many as a chunk of a copy has at first. */
    private static final long FIRST_BLOCKS = 500;

    private static final Sql SET = Sql.of("SELECT pg_catalog.set_config({name}, {value}, true)");

    private static final Map<String, String> SETTINGS = new TreeMap<>(Map.of(
            // Off, NULL in an array comes back as the text NULL.
            "array_nulls", "on",
            "DateStyle", "ISO, YMD",
            "IntervalStyle", "postgres",
            "TimeZone", "UTC",
            "bytea_output", "hex",
            "extra_float_digits", "3",
            "lc_monetary", "C",
            // On, names of relations and types have other quotes: values of regclass, and the types of columns.
            "quote_all_identifiers", "off",
            "row_security", "off",
            "xmloption", "content"));

    private static final Sql OUT = Sql.of("""
            COPY (SELECT {columns} FROM ONLY {table} WHERE ctid >= {from} AND ctid < {to}) TO STDOUT WITH (FORMAT csv, HEADER true, ENCODING 'UTF8')""");

    private static final Sql IN =
            Sql.of("COPY {table} ({columns}) FROM STDIN WITH (FORMAT csv, HEADER true, ENCODING 'UTF8')");

    static ChunkSize chunkSize() {
        return new ChunkSize(FIRST_BLOCKS, TupleId.MAX_BLOCK);
    }

    /** Sends the rows of blocks {@code from} to {@code to}, without the latter, in one transaction. */
    void write(Session session, long from, long to, OutputStream out) throws SQLException {
        Sql copy = OUT.with("columns", Sql.list(columns))
                .with("table", table)
                .with("from", new TupleId(from))
                .with("to", new TupleId(to));
        session.inTransaction(() -> {
            set(session);
            session.copyOut(copy, out);
        });
    }

    /** What these rows come to. */
    Tally tally(Session session, long from, long to) throws SQLException {
        CsvTally rows = new CsvTally(OutputStream.nullOutputStream());
        write(session, from, to, rows);
        try {
            return rows.tally();
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    /** What all rows come to; a chunk of blocks at a time, each in a transaction of its own. */
    Tally tally(Session session) throws SQLException {
        Tally all = Tally.NOTHING;
        long blocks = Heap.blocks(session, table);
        ChunkSize size = chunkSize();
        for (long from = 0; from < blocks; ) {
            long begin = from;
            long end = Math.min(blocks, from + size.next(Pace.DEFAULT_CHUNK_TIME));
            all = all.plus(size.timed(end - begin, () -> tally(session, begin, end)));
            from = end;
        }
        return all;
    }

    /** Writes rows into the table, in the open transaction. */
    void read(Session session, InputStream in) throws SQLException {
        set(session);
        session.copyIn(IN.with("table", table).with("columns", Sql.list(columns)), in);
    }

    /** Sets them in the open transaction. */
    static void set(Session session) throws SQLException {
        for (Map.Entry<String, String> setting : SETTINGS.entrySet()) {
            session.queryStrings(SET.with("name", setting.getKey()).with("value", setting.getValue()));
        }
    }
}
