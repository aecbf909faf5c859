package liquibase.ext.partition.engine.verify;

import java.sql.Array;
import java.sql.SQLException;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.atomic.AtomicReference;
import java.util.stream.Collectors;
import liquibase.ext.partition.engine.catalog.GeneratedColumn;
import liquibase.ext.partition.engine.catalog.Heap;
import liquibase.ext.partition.engine.delta.Capture;
import liquibase.ext.partition.engine.newtable.RowShape;
import liquibase.ext.partition.engine.pace.ChunkSize;
import liquibase.ext.partition.engine.partitioning.Route;
import liquibase.ext.partition.engine.partitioning.Routes;
import liquibase.ext.partition.engine.rows.RowMatch;
import liquibase.ext.partition.engine.rows.TakenRoutes;
import liquibase.ext.partition.engine.run.Items;
import liquibase.ext.partition.engine.run.ProgressMeter;
import liquibase.ext.partition.engine.run.RemainingBlocks;
import liquibase.ext.partition.engine.run.StepRun;
import liquibase.ext.partition.engine.run.Workers;
import liquibase.ext.partition.engine.sql.Identifier;
import liquibase.ext.partition.engine.sql.QualifiedName;
import liquibase.ext.partition.engine.sql.Session;
import liquibase.ext.partition.engine.sql.Sql;
import liquibase.ext.partition.engine.sql.TupleId;
import liquibase.ext.partition.engine.state.Chunk;

/**
 * Compares an ordinary table with a partitioned one, row for row.
 *
 * <p>There: every row of the ordinary table that is not in the delta table must be in the partitioned one under the
 * same key and partition-key value, and equal in every column, byte for byte ({@code *=} compares images, so
 * {@code 1.0} is not {@code 1.00}, and types without an equality, such as {@code json}, compare too). Back: every row
 * of the partitioned table that is not in the delta table must be in the ordinary one. With the unique indexes on both
 * sides, the two together mean "exactly once, and nothing else". A row counts as in the delta table if its key and its
 * partition-key value are: every captured change has left both there, as they were and as they became. If the key alone
 * counted, a row would pass that came back with another date past the triggers, in a table that was attached, and no
 * replay would look for it there.
 *
 * <p>Transactions: one statement per chunk, so a snapshot is held for about the chunk time of
 * {@link liquibase.ext.partition.engine.pace.Pace}. Locks: those of a SELECT. Rows may be written meanwhile: a chunk's
 * snapshot sees a row together with its key in the delta table. Each row costs one index lookup on the other side,
 * whatever the size of the tables.
 *
 * @param ordinary the ordinary table; or, if several partitions are exchanged together, the table through which their
 *     rows are looked up
 * @param heaps the tables that have its rows: itself, or those partitions
 * @param partitions its partitions that have the rows; a partitioned table may have others, which are not compared
 * @param routes the routes into the partitioned table
 * @param captured the table whose form rows have in the delta table
 * @param columns the columns that are written
 * @param computed the stored generated columns: each table has computed its own values, possibly with a function that
 *     was different then
 */
public record Comparison(
        QualifiedName ordinary,
        List<QualifiedName> heaps,
        QualifiedName partitioned,
        List<QualifiedName> partitions,
        Capture capture,
        RowShape captured,
        RowMatch match,
        Routes routes,
        List<Identifier> columns,
        List<GeneratedColumn> computed) {
    /** The default for how many rows a chunk holds at most, about: they are sorted. */
    public static final long DEFAULT_CHUNK_SIZE = 100_000;

    /** The size of the first chunk: some hundred lookups, which may all be reads from a disk. */
    private static final long FIRST_BLOCKS = 8;

    /**
     * The answer includes the file that the statement has read. The lock that a SELECT takes before its snapshot keeps
     * the table from being rewritten until it ends, so the answer is about the heap that it read. From a heap other
     * than the planned one it might have read nothing at all, and found no difference.
     *
     * <p>OFFSET 0 keeps the lookup a lookup: joined, it would read the whole other table once per chunk. The rows of a
     * chunk are looked up in the order of the other side, partition by partition or along the key: with 120 partitions
     * and unordered rows this took about half the time.
     */
    private static final Sql COMPARE = Sql.of("""
            SELECT pg_catalog.count(*) AS rows,
                   pg_catalog.count(*) FILTER (WHERE found.same IS NOT TRUE OR found.computed <> '') AS differences,
                   pg_catalog.count(*) FILTER (WHERE found.same AND found.computed <> '') AS computed,
                   pg_catalog.array_agg(DISTINCT found.computed) FILTER (WHERE found.same AND found.computed <> '') AS columns,
                   (pg_catalog.array_agg(pg_catalog.concat_ws(', ', {keyTexts}) || CASE WHEN found.same THEN ' (' || found.computed || {inOther}
                                WHEN found.same IS NULL THEN {missing} ELSE {different} END)
                      FILTER (WHERE found.same IS NOT TRUE OR found.computed <> ''))[1:{listed}] AS keys,
                   pg_catalog.pg_relation_filenode(pg_catalog.to_regclass({tableName})) AS filenode
            FROM (SELECT * FROM ONLY {table} AS t
                  WHERE t.ctid >= {from} AND t.ctid < {to}
                    AND NOT EXISTS (SELECT FROM {delta} AS d WHERE {captured}){route}
                  ORDER BY {order} OFFSET 0) AS t
            LEFT JOIN LATERAL (
              {lookUps} OFFSET 0
            ) AS found ON true""");

    private static final Sql LOOK_UP =
            Sql.of("SELECT {same} AS same, {computed} AS computed FROM {other} AS o WHERE {sameRow}");

    static final Sql ONLY = Sql.of("ONLY {table}");

    /**
     * If triggers route the rows, rows stay in the parent while the triggers are off. A partitioned table itself holds
     * nothing.
     */
    private static final Sql HAS_ROWS_OF_ITS_OWN = Sql.of("SELECT EXISTS (SELECT FROM ONLY {table})");

    /**
     * Such rows are in the default child if their own child was away when they were written. Costs one reading of the
     * default child, which is read anyway.
     */
    private static final Sql HAS_ROWS_OF_OTHERS =
            Sql.of("SELECT EXISTS (SELECT FROM {default} AS o WHERE true{route})");

    /** Without the casts the parser would take it for a comparison column by column. */
    private static final Sql SAME_IMAGE =
            Sql.of("ROW({left})::pg_catalog.record OPERATOR(pg_catalog.*=) ROW({right})::pg_catalog.record");

    /** The names of the generated columns in which two rows differ. */
    private static final Sql COMPUTED = Sql.of("pg_catalog.concat_ws(', ', {names})");

    private static final Sql COMPUTED_NAME = Sql.of("CASE WHEN NOT ({same}) THEN {name} END");

    /**
     * A range of blocks in one table's file.
     *
     * @param contents whether the contents of its rows are compared, or only their presence
     * @param besides where its rows are looked for besides the children
     */
    private record Piece(QualifiedName table, long filenode, boolean contents, List<Sql> besides, Chunk chunk) {}

    /** The pieces of some tables, one table after the other. */
    private static final class Pieces implements Items<Piece> {
        private record Side(
                QualifiedName table, long filenode, boolean contents, List<Sql> besides, RemainingBlocks blocks) {}

        private final List<Side> sides = new ArrayList<>();
        private int at;

        void add(
                Session session, QualifiedName table, boolean contents, List<Sql> besides, ChunkSize size, Workers team)
                throws SQLException {
            long filenode = Heap.filenode(session, table);
            sides.add(new Side(table, filenode, contents, besides, blocks(session, table, size, team)));
        }

        @Override
        public synchronized Optional<Piece> next() {
            for (; at < sides.size(); at++) {
                Side side = sides.get(at);
                Optional<Chunk> chunk = side.blocks().next();
                if (chunk.isPresent()) {
                    return Optional.of(
                            new Piece(side.table(), side.filenode(), side.contents(), side.besides(), chunk.get()));
                }
            }
            return Optional.empty();
        }

        @Override
        public long left() {
            return sides.stream().mapToLong(side -> side.blocks().left()).sum();
        }

        @Override
        public String unit() {
            return "blocks";
        }
    }

    /**
     * Compares everything.
     *
     * @param team the workers that compare
     * @param what the beginning of the progress lines
     * @param chunkSize about how many rows a chunk holds at most
     * @throws MovedRows when a table was rewritten meanwhile, so that the planned chunks no longer exist
     */
    public ComparisonResult compare(StepRun run, Workers team, String what, long chunkSize, int workers)
            throws SQLException {
        List<QualifiedName> parts = new ArrayList<>(partitions);
        List<Sql> besides = new ArrayList<>();
        if (hasRowsOfItsOwn(run.session(), partitioned)) {
            parts.add(partitioned);
            besides.add(ONLY.with("table", partitioned));
        }
        Optional<Route> inDefault = routes.inDefault();
        if (inDefault.isPresent() && hasRows(run.session(), inDefault.get())) {
            besides.add(inDefault.get().read());
        }
        ChunkSize there = chunkSize(run.session(), heaps, chunkSize);
        ChunkSize back = chunkSize(run.session(), parts, chunkSize);
        Pieces pieces = new Pieces();
        for (QualifiedName heap : heaps) {
            pieces.add(run.session(), heap, true, besides, there, team);
        }
        for (QualifiedName partition : parts) {
            pieces.add(run.session(), partition, false, List.of(), back, team);
        }
        long blocks = pieces.left();
        ProgressMeter meter = new ProgressMeter(run.report(), what, blocks, 0, 0);
        AtomicReference<ComparisonResult> result = new AtomicReference<>(ComparisonResult.none());
        team.forEach(
                pieces,
                workers,
                (session, piece) -> {
                    ComparisonResult found = (piece.contents() ? there : back)
                            .timed(piece.chunk().blocks(), () -> compare(session, piece));
                    meter.add(piece.chunk().blocks(), found.rows());
                    // Rows are counted on the way there only; on the way back they are the same ones.
                    ComparisonResult counted = piece.contents() ? found : found.withoutRows();
                    result.accumulateAndGet(counted, ComparisonResult::plus);
                },
                () -> {
                    if (meter.isDue()) {
                        meter.tell(result.get().differences() + " differences");
                    }
                });
        meter.tell(result.get().differences() + " differences");
        return result.get()
                .computedFrom(computed.stream()
                        .flatMap(column -> column.reads().stream())
                        .distinct()
                        .toList());
    }

    /** Whether the table itself has rows, beyond those in its partitions or children. */
    static boolean hasRowsOfItsOwn(Session session, QualifiedName table) throws SQLException {
        return session.queryBoolean(HAS_ROWS_OF_ITS_OWN.with("table", table));
    }

    private boolean hasRows(Session session, Route route) throws SQLException {
        return session.queryBoolean(HAS_ROWS_OF_OTHERS
                .with("default", route.read())
                .with("route", route.where(match.time(new RowMatch.Rows("o", RowShape.NEW)))));
    }

    /** The statement that compares one chunk on the way there, for review. */
    public Sql statement(Chunk chunk) {
        return statement(
                new Piece(heaps.get(0), 0, true, List.of(), chunk),
                routes.of(Collections.singleton(null)).get(0));
    }

    private static ChunkSize chunkSize(Session session, List<QualifiedName> tables, long rows) throws SQLException {
        double densest = 1;
        for (QualifiedName table : tables) {
            densest = Math.max(densest, Heap.rowsPerBlock(session, table));
        }
        return new ChunkSize(FIRST_BLOCKS, ChunkSize.blocksFor(rows, densest));
    }

    private static RemainingBlocks blocks(Session session, QualifiedName table, ChunkSize size, Workers team)
            throws SQLException {
        long blocks = Heap.blocks(session, table);
        return new RemainingBlocks(blocks == 0 ? List.of() : List.of(new Chunk(0, blocks)), size, team::chunkTime);
    }

    private ComparisonResult compare(Session session, Piece piece) throws SQLException {
        ComparisonResult result = ComparisonResult.none();
        for (Route route : routes(session, piece)) {
            result = result.plus(compare(session, piece, statement(piece, route)));
        }
        return result;
    }

    /** On the way back each partition is read separately, and there is only one other table. */
    private List<Route> routes(Session session, Piece piece) throws SQLException {
        if (!piece.contents()) {
            return List.of(new Route(ordinary.asSql(), ordinary, Optional.empty()));
        }
        return TakenRoutes.ofChunk(session, routes, match, piece.table(), piece.chunk());
    }

    private static ComparisonResult compare(Session session, Piece piece, Sql statement) throws SQLException {
        return session.queryFirst(statement, row -> {
                    if (row.getLong("filenode") != piece.filenode()) {
                        throw new MovedRows(piece.table());
                    }
                    return new ComparisonResult(
                            row.getLong("rows"),
                            row.getLong("differences"),
                            texts(row.getArray("keys")),
                            row.getLong("computed"),
                            Set.copyOf(texts(row.getArray("columns"))),
                            List.of(),
                            0);
                })
                .orElseThrow();
    }

    private static List<String> texts(Array array) throws SQLException {
        return array == null ? List.of() : Arrays.asList((String[]) array.getArray());
    }

    private Sql statement(Piece piece, Route route) {
        QualifiedName other = piece.contents() ? partitioned : ordinary;
        RowMatch.Rows rows = new RowMatch.Rows("t", piece.contents() ? RowShape.SOURCE : RowShape.NEW);
        RowMatch.Rows others = new RowMatch.Rows("o", piece.contents() ? RowShape.NEW : RowShape.SOURCE);
        String keyTexts = match.columns().stream()
                .map(column -> "t." + column.quoted() + "::pg_catalog.text")
                .collect(Collectors.joining(", "));
        Sql same = piece.contents() ? sameImage(rows, others, columns) : Sql.raw("true");
        return COMPARE.with("keyTexts", Sql.raw(keyTexts))
                .with("missing", Sql.literal(" (in %s, not in %s)".formatted(piece.table(), other)))
                .with("different", Sql.literal(" (not the same in %s)".formatted(other)))
                .with("listed", Sql.raw(Integer.toString(ComparisonResult.LISTED_KEYS)))
                .with("table", piece.table())
                .with("tableName", piece.table().quoted())
                .with("order", piece.contents() ? match.partitionValue(rows) : Sql.list("t", match.columns()))
                .with(
                        "lookUps",
                        Sql.join(
                                " UNION ALL ",
                                reads(piece, route).stream()
                                        .map(read -> LOOK_UP.with("same", same)
                                                .with(
                                                        "computed",
                                                        piece.contents() ? computed(rows, others) : Sql.literal(""))
                                                .with("other", read)
                                                .with("sameRow", match.sameRow(others, rows)))
                                        .toList()))
                .with("inOther", Sql.literal(" not the same in %s)".formatted(other)))
                .with("route", route.where(match.time(rows)))
                .with("from", new TupleId(piece.chunk().from()))
                .with("to", new TupleId(piece.chunk().to()))
                .with("delta", capture.delta())
                .with("captured", match.sameRow(new RowMatch.Rows("d", captured), rows));
    }

    /** A read of the whole table includes its own rows. */
    private List<Sql> reads(Piece piece, Route route) {
        boolean whole = route.read().text().equals(partitioned.asSql().text());
        List<Sql> reads = new ArrayList<>(List.of(route.read()));
        if (!whole) {
            reads.addAll(piece.besides());
        }
        return reads;
    }

    private Sql sameImage(RowMatch.Rows rows, RowMatch.Rows others, List<Identifier> compared) {
        return SAME_IMAGE
                .with("left", match.list(rows, compared, RowShape.NEW))
                .with("right", match.list(others, compared, RowShape.NEW));
    }

    private Sql computed(RowMatch.Rows rows, RowMatch.Rows others) {
        if (computed.isEmpty()) {
            return Sql.literal("");
        }
        return COMPUTED.with(
                "names",
                Sql.list(computed.stream()
                        .map(column -> COMPUTED_NAME
                                .with("same", sameImage(rows, others, List.of(column.name())))
                                .with("name", Sql.literal(column.name().quoted())))
                        .toList()));
    }
}
