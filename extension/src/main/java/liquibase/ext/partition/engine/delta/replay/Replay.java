package liquibase.ext.partition.engine.delta.replay;

import java.sql.SQLException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import liquibase.ext.partition.engine.PartitionException;
import liquibase.ext.partition.engine.catalog.PartitionTree;
import liquibase.ext.partition.engine.delta.Capture;
import liquibase.ext.partition.engine.delta.Strangers;
import liquibase.ext.partition.engine.name.DerivedName;
import liquibase.ext.partition.engine.newtable.RowShape;
import liquibase.ext.partition.engine.pace.Pace;
import liquibase.ext.partition.engine.partitioning.Route;
import liquibase.ext.partition.engine.partitioning.Routes;
import liquibase.ext.partition.engine.rows.Misfit;
import liquibase.ext.partition.engine.rows.RowMatch;
import liquibase.ext.partition.engine.rows.TakenRoutes;
import liquibase.ext.partition.engine.sql.Identifier;
import liquibase.ext.partition.engine.sql.QualifiedName;
import liquibase.ext.partition.engine.sql.Session;
import liquibase.ext.partition.engine.sql.Sql;
import liquibase.ext.partition.engine.sql.SqlFragment;
import liquibase.ext.partition.engine.sql.TupleId;
import liquibase.ext.partition.engine.state.Chunk;

/**
 * Brings the keys in the delta table up to date in another table: from the source to the new table, and after the swap
 * from the live table to the backup.
 *
 * <p>Each batch is one transaction of three statements whose order matters; see the engine's page. There must be only
 * one replayer at a time, which the migration's lock ensures. A batch that fails is rolled back whole, and repeating it
 * loses nothing.
 *
 * <p>The three statements read by one snapshot (REPEATABLE READ). Otherwise they would see half of what a writer
 * commits between two of them: B has a unique value now that A, whose change is not among those taken, still has in the
 * table written to. With one snapshot, the delta names every row by which the table written to differs from the
 * snapshot of the table read. So a replay of the whole delta at once ends with exactly the rows of that snapshot, which
 * have no duplicates, however fast values are handed on.
 *
 * <p>A {@link ReplayPass} takes the delta batch by batch, a {@link Drain} all at once.
 *
 * <p>The file is long because the three statements, and what they rest on, are read and changed together.
 *
 * @param routes the routes into the partitioned table, whether it is {@code from} or {@code to}
 * @param from the table that (c) reads
 * @param to the table that (b) and (c) write
 * @param columns the columns that are copied
 * @param afterwards the last statements of every batch
 */
public record Replay(
        Capture capture,
        RowMatch match,
        Routes routes,
        Side from,
        Side to,
        List<Identifier> columns,
        List<Sql> afterwards) {
    /** A replay without statements afterwards. */
    public Replay(Capture capture, RowMatch match, Routes routes, Side from, Side to, List<Identifier> columns) {
        this(capture, match, routes, from, to, columns, List.of());
    }

    /**
     * One of the two tables.
     *
     * @param shape the shape of its rows. Rows of the partitioned table are looked up by key and partition-key value:
     *     by the key alone, every partition's index would be searched for every row.
     * @param oid the table that must have the name; 0 for review
     */
    public record Side(QualifiedName table, RowShape shape, long oid) {
        /** A table of statements that nobody runs here. */
        public Side(QualifiedName table, RowShape shape) {
            this(table, shape, 0);
        }
    }

    /** Waits until the next batch may begin, and says how long the batch should take. */
    @FunctionalInterface
    public interface Turn {
        Duration await() throws SQLException;
    }

    /** Must come first in a transaction. */
    static final Sql ONE_SNAPSHOT = Sql.of("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ");

    /** Takes no snapshot, so that what is asked next sees everything that was there before the lock. */
    private static final Sql LOCK = Sql.of("LOCK TABLE {to}, {delta} IN ROW EXCLUSIVE MODE");

    private static final Sql LOCK_READ = Sql.of("LOCK TABLE {from} IN ACCESS SHARE MODE");
    private static final Sql ONLY = Sql.of("ONLY {table}");

    private static final Sql NAMED = Sql.of("""
            SELECT pg_catalog.to_regclass({from})::pg_catalog.oid IS NOT DISTINCT FROM {fromOid}::pg_catalog.oid
              AND pg_catalog.to_regclass({to})::pg_catalog.oid IS NOT DISTINCT FROM {toOid}::pg_catalog.oid""");

    private static final Sql NO_CHILDREN = Sql.of("""
            SELECT t.name FROM pg_catalog.unnest({children}::pg_catalog.text[]) AS t (name)
            WHERE pg_catalog.to_regclass(t.name) NOT IN ({tree})
            ORDER BY t.name""").with("tree", PartitionTree.BELOW_TABLE);

    private static final Sql CREATE_BATCH = Sql.of("""
            CREATE TEMPORARY TABLE IF NOT EXISTS {batch} ON COMMIT DELETE ROWS AS
            SELECT {deltaColumns} FROM {delta} WITH NO DATA""");

    private static final Sql DROP_BATCH = Sql.of("DROP TABLE IF EXISTS {batch}");

    /** With a batch's few rows on one side and a huge table on the other, anything but index lookups is a mistake. */
    static final Sql PREFER_INDEXES = Sql.of("""
            SELECT pg_catalog.set_config('enable_hashjoin', 'off', true), pg_catalog.set_config('enable_mergejoin', 'off', true),
                   pg_catalog.set_config('jit', 'off', true)""");

    private static final Sql TAKE = Sql.of("""
            WITH picked AS (
              SELECT DISTINCT {key} FROM {picked} WHERE ctid >= {fromBlock} AND ctid < {toBlock}
            ), taken AS (
              DELETE FROM {delta} AS d USING picked AS p WHERE {sameKey} RETURNING {taken}
            )
            INSERT INTO {batch} ({deltaColumns}) SELECT {deltaColumns} FROM taken""");

    /**
     * Deletes by key and partition-key value from either table. A partitioned table's unique index allows one key in
     * two months. Deleting the key's row from the backup because of its namesake in another month would lose a row;
     * this way the unique index objects.
     */
    private static final Sql DELETE = Sql.of("""
            DELETE FROM {to} AS t USING (SELECT DISTINCT {deltaColumns} FROM {batch}) AS b
            WHERE {sameRow}{route}""");

    private static final Sql INSERT = Sql.of("""
            INSERT INTO {to} ({columns}) OVERRIDING SYSTEM VALUE
            SELECT {sourceColumns}
            FROM ({lookup}) AS b
            JOIN {from} AS s ON {sameRow}{route}""");

    /**
     * Otherwise a deferred constraint, such as a foreign key of the backup, would be checked only at the commit; and a
     * table with pending checks cannot be altered, which happens later in the swap's transaction.
     */
    static final Sql CHECK_NOW = Sql.of("SET CONSTRAINTS ALL IMMEDIATE");

    private static final Sql STARTS_OF_BATCH = Sql.of("SELECT DISTINCT {start} AS start FROM {batch} AS b");

    private static final Sql STARTS_OF_ROWS = Sql.of("""
            SELECT DISTINCT {start} AS start FROM ({lookup}) AS b JOIN {from} AS s ON {sameKey}""");

    private static final Sql LOOKUP = Sql.of("SELECT DISTINCT {columns} FROM {batch}");

    /** Rows that differ in a column of the partition key but not in its value would find the same row twice. */
    private static final Sql LOOKUP_BY_VALUE =
            Sql.of("SELECT DISTINCT ON ({key}, {value}) {columns} FROM {batch} AS b");

    private static final Sql IN_DELTA = Sql.of("EXISTS (SELECT FROM {delta} AS d WHERE {sameKey})");

    private static final Sql HAS_UNKNOWN_ROW = Sql.of("""
            SELECT EXISTS (SELECT FROM {part} AS s
                           WHERE NOT EXISTS (SELECT FROM {delta} AS d WHERE {inDelta})
                             AND NOT EXISTS (SELECT FROM {to} AS t
                                             WHERE {inTo} AND ROW({left})::pg_catalog.record OPERATOR(pg_catalog.*=) ROW({right})::pg_catalog.record))""");

    private static final Sql TAKEN = Sql.of("SELECT pg_catalog.count(*) FROM {batch}");

    /**
     * Runs {@code work} with the session's scratch table, which is made before and removed after it: otherwise it would
     * live as long as the session.
     */
    public <T> T withScratchTable(Session session, Session.Work<T> work) throws SQLException {
        session.update(prepareStatement());
        T result;
        try {
            result = work.run();
        } catch (SQLException e) {
            dropBatch(session, e);
            throw explained(session, e);
        } catch (RuntimeException e) {
            dropBatch(session, e);
            throw e;
        }
        session.update(DROP_BATCH.with("batch", batch()));
        return result;
    }

    private void dropBatch(Session session, Exception failure) {
        try {
            session.update(DROP_BATCH.with("batch", batch()));
        } catch (SQLException suppressed) {
            failure.addSuppressed(suppressed);
        }
    }

    /**
     * Locks what this replay reads and writes, and requires that its names lead to the tables of the migration, and
     * that nothing of others fires there ({@link Strangers}). Comes before anything is read or written in every
     * transaction that replays, and holds until its end.
     */
    void begin(Session session) throws SQLException {
        session.updateAll(List.of(
                LOCK.with("to", to.table()).with("delta", capture.delta()),
                LOCK_READ.with(
                        "from",
                        routes.isSingle()
                                ? ONLY.with("table", from.table())
                                : from.table().asSql())));
        requireOurs(session);
    }

    /** The questions of {@link #begin} alone, for a caller that locks the tables, or asks again once it has. */
    public void requireOurs(Session session) throws SQLException {
        if (!session.queryBoolean(NAMED.with("from", from.table().quoted())
                .with("fromOid", from.oid())
                .with("to", to.table().quoted())
                .with("toOid", to.oid()))) {
            throw new PartitionException(
                    "%s or %s is not the table that this migration knows; somebody renamed or made it anew just now. Nothing was replayed; the changes stay in %s, and capture goes on. Put the names right, then run the same command again."
                            .formatted(from.table(), to.table(), capture.delta()));
        }
        if (!routes.isSingle()) {
            List<String> others = session.queryStrings(NO_CHILDREN
                    .with(
                            "children",
                            routes.children().stream()
                                    .map(QualifiedName::quoted)
                                    .toArray(String[]::new))
                    .with("table", routes.table().quoted()));
            if (!others.isEmpty()) {
                throw new PartitionException(
                        "%s has no child any more of a name that the replay uses: %s. Nothing was replayed; the changes stay in %s, and capture goes on. Put the child back, or rename what has its name; then run the same command again."
                                .formatted(routes.table(), String.join(", ", others), capture.delta()));
            }
        }
        new Strangers(capture, to.table())
                .requireNone(
                        session,
                        "Changes of %s are not replayed into %s".formatted(from.table(), to.table()),
                        "Nothing was replayed; the changes stay in %s, and capture goes on."
                                .formatted(capture.delta()));
    }

    /**
     * Whether {@code part}, a partition of the table that is read, has a row that no replay would bring. The key and
     * partition-key value of such a row are not in the delta table, and the table that is written to has no row of that
     * key and value, or a different one. Costs one or two look-ups a row, until such a row is found.
     */
    public boolean missesARowOf(Session session, QualifiedName part) throws SQLException {
        RowMatch.Rows read = captured("s");
        RowMatch.Rows written = new RowMatch.Rows("t", to.shape());
        return session.inTransaction(() -> {
            session.query(PREFER_INDEXES, row -> row.getString(1));
            return session.queryBoolean(HAS_UNKNOWN_ROW
                    .with("part", part)
                    .with("to", to.table())
                    .with("inTo", match.sameRow(written, read))
                    .with("left", match.list(written, columns, RowShape.NEW))
                    .with("right", match.list(read, columns, RowShape.NEW))
                    .with("delta", capture.delta())
                    .with("inDelta", match.sameRow(captured("d"), read)));
        });
    }

    /** The transaction is over, so the delta table again names the rows that could not be replayed. */
    private SQLException explained(Session session, SQLException e) {
        RowMatch.Rows rows = new RowMatch.Rows("s", from.shape());
        Sql captured = IN_DELTA.with("delta", capture.delta())
                .with("sameKey", match.sameKey(new RowMatch.Rows("d", from.shape()), rows));
        return Misfit.explain(
                session,
                match,
                from.table(),
                rows,
                captured,
                e,
                "Nothing is lost: the changes stay in %s, and capture goes on. Change the value, then run again."
                        .formatted(capture.delta()));
    }

    /** The statement that makes the scratch table, for execution and for review. */
    public Sql prepareStatement() {
        return CREATE_BATCH
                .with("batch", batch())
                .with("deltaColumns", Sql.list(capture.columns()))
                .with("delta", capture.delta());
    }

    /**
     * The statements of one batch, for review. If rows take several routes, these are the statements for rows outside
     * every interval.
     */
    public List<Sql> batchStatements(long fromBlock, long toBlock) {
        List<Route> shown = routes.of(Collections.singleton(null));
        List<Sql> statements = new ArrayList<>(List.of(take(capture.delta(), new Chunk(fromBlock, toBlock))));
        statements.addAll(deletes(shown));
        shown.forEach(route -> statements.add(insert(route)));
        return statements;
    }

    /** The statements of a {@link Drain}, for review. */
    public List<Sql> drainStatements() {
        List<Sql> statements = new ArrayList<>(batchStatements(0, TupleId.MAX_BLOCK));
        statements.add(CHECK_NOW);
        return statements;
    }

    /** The statement that takes the whole delta table. */
    private Sql takeAll() {
        return take(capture.delta(), new Chunk(0, TupleId.MAX_BLOCK));
    }

    Sql take(SqlFragment picked, Chunk chunk) {
        return TAKE.with("key", Sql.list(match.columns()))
                .with("picked", picked)
                .with("delta", capture.delta())
                .with("fromBlock", new TupleId(chunk.from()))
                .with("toBlock", new TupleId(chunk.to()))
                .with("sameKey", match.sameKey(captured("d"), captured("p")))
                .with("taken", Sql.list("d", capture.columns()))
                .with("batch", batch())
                .with("deltaColumns", Sql.list(capture.columns()));
    }

    private Sql delete(Sql table, Sql route) {
        return DELETE.with("to", table)
                .with("deltaColumns", Sql.list(capture.columns()))
                .with("batch", batch())
                .with("sameRow", match.sameRow(new RowMatch.Rows("t", to.shape()), captured("b")))
                .with("route", route);
    }

    private List<Sql> deletes(List<Route> ofBatch) {
        return to.shape() == RowShape.NEW
                ? ofBatch.stream()
                        .map(route -> delete(route.read(), route.where(match.time(captured("b")))))
                        .toList()
                : List.of(delete(to.table().asSql(), Sql.empty()));
    }

    private Sql insert(Route route) {
        boolean readsPartitions = from.shape() == RowShape.NEW;
        RowMatch.Rows read = new RowMatch.Rows("s", from.shape());
        return INSERT.with("to", readsPartitions ? to.table() : route.written())
                .with("columns", Sql.list(columns))
                .with("sourceColumns", match.list(read, columns, to.shape()))
                .with("lookup", readsPartitions ? lookupByValue(captured("b")) : lookup(match.columns()))
                .with("from", readsPartitions ? route.read() : from.table())
                .with(
                        "sameRow",
                        readsPartitions ? match.sameRow(read, captured("b")) : match.sameKey(read, captured("b")))
                .with("route", route.where(match.time(readsPartitions ? captured("b") : read)));
    }

    /** Captured values have the shape of the table that is read. */
    private RowMatch.Rows captured(String alias) {
        return new RowMatch.Rows(alias, from.shape());
    }

    private Sql lookup(List<Identifier> lookedUp) {
        return LOOKUP.with("columns", Sql.list(lookedUp)).with("batch", batch());
    }

    private Sql lookupByValue(RowMatch.Rows batch) {
        return match.partitionKey().isColumn()
                ? lookup(capture.columns())
                : LOOKUP_BY_VALUE
                        .with("key", Sql.list(batch.alias(), match.columns()))
                        .with("value", match.partitionValue(batch))
                        .with("columns", Sql.list(batch.alias(), capture.columns()))
                        .with("batch", batch());
    }

    /** As {@link #pass(Session, long, Turn)}, without a pause. */
    public long pass(Session session, long batchSize) throws SQLException {
        return pass(session, batchSize, () -> Pace.DEFAULT_CHUNK_TIME);
    }

    /**
     * Replays what the delta table holds now, batch by batch, each in a transaction of its own of about the chunk time,
     * and tidies it.
     *
     * @param batchSize about how many delta rows a batch begins with at most
     * @param turn asked before each batch
     * @return the number of delta rows taken
     */
    public long pass(Session session, long batchSize, Turn turn) throws SQLException {
        return pass(session, batchSize, turn, new ReplayCost());
    }

    /** As {@link #pass(Session, long, Turn)}. Reports to {@code cost} how long the rows took, without the vacuum. */
    long pass(Session session, long batchSize, Turn turn, ReplayCost cost) throws SQLException {
        return new ReplayPass(this).run(session, batchSize, turn, cost);
    }

    /** As {@link #pass}, without a pause, for several short passes in a row. */
    public long passWithoutVacuum(Session session, long batchSize) throws SQLException {
        return new ReplayPass(this).withoutVacuum(session, batchSize, () -> Pace.DEFAULT_CHUNK_TIME);
    }

    /** Two rows still conflict although the tables are compared as of one moment, so no writer has caused it. */
    PartitionException refusal(SQLException e) {
        return new PartitionException(
                "Changes could not be replayed into %s, because its unique index refuses a row that %s has: %s. Nothing is lost: the changes stay in %s, and capture goes on. Make the values unique in %s, or drop that index if only %s has it; then run again."
                        .formatted(to.table(), from.table(), e.getMessage(), capture.delta(), from.table(), to.table()),
                e);
    }

    /**
     * Replays the whole delta table as part of the caller's transaction, as a {@link Drain} does. @return the number of
     * delta rows taken
     */
    long drain(Session session) throws SQLException {
        long taken = replay(session, takeAll());
        session.update(CHECK_NOW);
        return taken;
    }

    long replay(Session session, Sql take) throws SQLException {
        session.query(PREFER_INDEXES, row -> row.getString(1));
        long taken = session.update(take);
        if (taken > 0) {
            List<Route> ofBatch = routesOfBatch(session);
            for (Sql delete : deletes(ofBatch)) {
                session.update(delete);
            }
            for (Route route : from.shape() == RowShape.NEW ? ofBatch : routesOfRows(session)) {
                session.update(insert(route));
            }
            session.updateAll(afterwards);
        }
        return taken;
    }

    /** The routes on which the rows that the batch names may be found. */
    private List<Route> routesOfBatch(Session session) throws SQLException {
        return TakenRoutes.toFind(
                session,
                routes,
                STARTS_OF_BATCH
                        .with("start", routes.start(match.time(captured("b"))))
                        .with("batch", batch()));
    }

    /** The routes to which the rows that the batch names go, as the snapshot has them. */
    private List<Route> routesOfRows(Session session) throws SQLException {
        RowMatch.Rows rows = captured("s");
        return TakenRoutes.toWrite(
                session,
                routes,
                STARTS_OF_ROWS
                        .with("start", routes.start(match.time(rows)))
                        .with("lookup", lookup(match.columns()))
                        .with("from", from.table())
                        .with("sameKey", match.sameKey(rows, captured("b"))));
    }

    /** The query for how many delta rows the open transaction has taken. */
    Sql takenQuestion() {
        return TAKEN.with("batch", batch());
    }

    private QualifiedName batch() {
        return new QualifiedName(
                new Identifier("pg_temp"), DerivedName.of(capture.delta().name(), "_batch"));
    }
}
