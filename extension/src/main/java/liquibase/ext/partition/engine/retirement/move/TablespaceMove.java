package liquibase.ext.partition.engine.retirement.move;

import java.math.BigDecimal;
import java.sql.SQLException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.TreeSet;
import java.util.function.LongFunction;
import liquibase.ext.partition.engine.DurationText;
import liquibase.ext.partition.engine.PartitionException;
import liquibase.ext.partition.engine.catalog.Column;
import liquibase.ext.partition.engine.catalog.Heap;
import liquibase.ext.partition.engine.catalog.Index;
import liquibase.ext.partition.engine.catalog.Table;
import liquibase.ext.partition.engine.catalog.TableReader;
import liquibase.ext.partition.engine.catalog.server.TakenNames;
import liquibase.ext.partition.engine.lock.AttemptLimit;
import liquibase.ext.partition.engine.lock.Lock;
import liquibase.ext.partition.engine.lock.LockPatience;
import liquibase.ext.partition.engine.lock.LockPolicy;
import liquibase.ext.partition.engine.name.DerivedName;
import liquibase.ext.partition.engine.pace.ChunkSize;
import liquibase.ext.partition.engine.pace.Pace;
import liquibase.ext.partition.engine.partitioning.Partition;
import liquibase.ext.partition.engine.partitioning.PartitionKey;
import liquibase.ext.partition.engine.run.ProgressMeter;
import liquibase.ext.partition.engine.run.StepRun;
import liquibase.ext.partition.engine.sql.Identifier;
import liquibase.ext.partition.engine.sql.QualifiedName;
import liquibase.ext.partition.engine.sql.Session;
import liquibase.ext.partition.engine.sql.Sql;
import liquibase.ext.partition.engine.sql.SqlState;
import liquibase.ext.partition.engine.sql.TupleId;
import liquibase.ext.partition.engine.swap.OldSnapshots;
import liquibase.ext.partition.engine.upkeep.DefaultRange;
import liquibase.ext.partition.engine.upkeep.Sister;

/**
 * Moves a partition to another tablespace, with its indexes and its TOAST table, while it stays a partition.
 *
 * <p><b>Why a copy.</b> {@code ALTER TABLE … SET TABLESPACE} holds ACCESS EXCLUSIVE for as long as the files are
 * copied: every query that does not exclude the partition by its time waits for it, and so does every {@code UPDATE} by
 * the primary key alone. To detach it, move it and attach it would make its rows invisible meanwhile. So its rows are
 * copied into a twin in the other tablespace, a chunk of blocks in each transaction, and the twin takes its place under
 * a lock of some milliseconds.
 *
 * <p><b>Why no row is lost.</b> Every write to the partition since the copy began leaves a mark ({@link WriteMarks}).
 * Under the lock, which waits for writers, there must be none; then the partition has the rows that were copied, which
 * were counted and compared by the sum of a hash of each. If there is one, the copy is thrown away and made anew, some
 * times.
 *
 * <p><b>No reader misses a row.</b> A transaction that reads by a snapshot from before the last chunk (REPEATABLE READ,
 * {@code pg_dump}) would find the twin without those rows, and no error would tell it. Such transactions are waited for
 * before the switch ({@link OldSnapshots}).
 *
 * <p><b>Nothing is read under the lock.</b> The twin has the keys, indexes, foreign keys and CHECKs of the partition,
 * which the table adopts, and a CHECK of the partition's own bound; the default partition gets one that excludes it,
 * read while writers go on. The switch is given up when it takes as long as the longest attempt at the lock.
 *
 * <p>Transactions: one to begin, one for each chunk and each comparison of one, one for the switch. Locks, under the
 * lock policy: SHARE ROW EXCLUSIVE on the partition, and on tables that its foreign keys refer to, to begin; ACCESS
 * EXCLUSIVE on the table, the default partition and the partition for the switch. Safe to repeat and to kill: a copy
 * that nobody has written past goes on behind its last chunk.
 *
 * <p>The file is long because copy, comparison and switch are one argument.
 */
public final class TablespaceMove {
    /** A partition that is written to more often than this while it is copied is not old. */
    private static final int MOST_COPIES = 3;

    private static final String UNCHANGED = "It stays where it was.";

    private static final long FIRST_BLOCKS = 500;

    /** How long transactions with an older snapshot are waited for, outside any lock. */
    private static final Duration PATIENCE = Duration.ofMinutes(1);

    private static final Identifier BOUND_CHECK = new Identifier("liquibase_partition_bound");

    private static final Sql USABLE = Sql.of("""
            SELECT pg_catalog.has_tablespace_privilege(oid, 'CREATE') FROM pg_catalog.pg_tablespace WHERE spcname = {name}""");

    private static final Sql ELSEWHERE = Sql.of("""
            SELECT c.oid::bigint AS oid FROM pg_catalog.pg_class AS c JOIN pg_catalog.pg_database AS d ON d.datname = pg_catalog.current_database()
            WHERE c.oid::pg_catalog.text = ANY ({oids})
              AND coalesce(nullif(c.reltablespace, 0), d.dattablespace) IS DISTINCT FROM (SELECT oid FROM pg_catalog.pg_tablespace WHERE spcname = {name})""");

    private static final Sql TABLESPACE_OF = Sql.of("""
            SELECT t.spcname FROM pg_catalog.pg_class AS c JOIN pg_catalog.pg_database AS d ON d.datname = pg_catalog.current_database()
            JOIN pg_catalog.pg_tablespace AS t ON t.oid = coalesce(nullif(c.reltablespace, 0), d.dattablespace)
            WHERE c.oid = pg_catalog.to_regclass({table})""");

    private static final Sql OWN_TRIGGERS = Sql.of("""
            SELECT tgname FROM pg_catalog.pg_trigger
            WHERE tgrelid = pg_catalog.to_regclass({table}) AND NOT tgisinternal AND tgparentid = 0 AND tgname NOT LIKE 'liquibase\\_partition\\_moving%'
            ORDER BY tgname""");

    private static final Sql PUBLICATIONS = Sql.of("""
            SELECT DISTINCT pubname FROM pg_catalog.pg_publication_tables
            WHERE (schemaname, tablename) IN (({schema}, {name}), ({rootSchema}, {root})) ORDER BY pubname""");

    private static final Sql INCOMING = Sql.of("""
            SELECT conname FROM pg_catalog.pg_constraint WHERE contype = 'f' AND confrelid = {oid}::pg_catalog.oid ORDER BY conname""");

    private static final Sql BOUND = Sql.of("""
            SELECT pg_catalog.pg_get_partition_constraintdef(pg_catalog.to_regclass({table})), pg_catalog.pg_get_expr(c.relpartbound, c.oid)
            FROM pg_catalog.pg_class AS c WHERE c.oid = pg_catalog.to_regclass({table})""");

    private static final Sql FOREIGN_KEYS = Sql.of("""
            SELECT conname, pg_catalog.pg_get_constraintdef(oid) AS definition FROM pg_catalog.pg_constraint
            WHERE contype = 'f' AND conrelid = pg_catalog.to_regclass({table}) ORDER BY conname""");

    private static final Sql ADD = Sql.of("ALTER TABLE {table} ADD CONSTRAINT {name} {definition}");
    private static final Sql ADD_CHECK = Sql.of("ALTER TABLE {table} ADD CONSTRAINT {name} CHECK ({condition})");
    private static final Sql ADD_EXCLUSION =
            Sql.of("ALTER TABLE {table} ADD CONSTRAINT {name} CHECK (NOT ({condition})) NOT VALID");
    private static final Sql VALIDATE = Sql.of("ALTER TABLE {table} VALIDATE CONSTRAINT {name}");
    private static final Sql DROP_CONSTRAINT = Sql.of("ALTER TABLE {table} DROP CONSTRAINT IF EXISTS {name}");

    private static final Sql COPY = Sql.of("""
            INSERT INTO {twin} ({columns}) OVERRIDING SYSTEM VALUE SELECT {columns} FROM ONLY {partition} WHERE ctid >= {from} AND ctid < {to}""");

    private static final Sql TALLY = Sql.of("""
            SELECT pg_catalog.count(*) AS rows, coalesce(pg_catalog.sum(pg_catalog.hashtextextended(ROW({columns})::pg_catalog.text, 0)::pg_catalog.numeric), 0)::pg_catalog.text AS sum
            FROM ONLY {table} WHERE ctid >= {from} AND ctid < {to}""");

    private static final Sql ANALYZE = Sql.of("ANALYZE {table}");
    private static final Sql DETACH = Sql.of("ALTER TABLE {table} DETACH PARTITION {partition}");
    private static final Sql ATTACH = Sql.of("ALTER TABLE {table} ATTACH PARTITION {partition} {bound}");
    private static final Sql DROP_TABLE = Sql.of("DROP TABLE {table}");
    private static final Sql DROP_IF_THERE = Sql.of("DROP TABLE IF EXISTS {table}");
    private static final Sql RENAME = Sql.of("ALTER TABLE {table} RENAME TO {name}");

    private final StepRun run;
    private final LockPolicy lock;
    private final Table table;
    private final PartitionKey key;
    private final QualifiedName partition;
    private final Identifier tablespace;
    private final QualifiedName twin;
    private final WriteMarks marks;

    /**
     * @param table the partitioned table
     * @param partition its partition, a table
     */
    public TablespaceMove(
            StepRun run,
            LockPolicy lock,
            Table table,
            PartitionKey key,
            QualifiedName partition,
            Identifier tablespace) {
        this.run = run;
        this.lock = lock;
        this.table = table;
        this.key = key;
        this.partition = partition;
        this.tablespace = tablespace;
        this.twin = partition.sibling(DerivedName.of(partition.name(), "_moving"));
        this.marks = WriteMarks.of(partition);
    }

    /**
     * Requires that there is the tablespace, and that tables can be made in it.
     *
     * @throws PartitionException with the remedy
     */
    public static void require(Session session, Identifier tablespace) throws SQLException {
        Optional<Boolean> usable = session.queryFirst(USABLE.with("name", tablespace.name()), row -> row.getBoolean(1));
        if (!usable.equals(Optional.of(true))) {
            throw new PartitionException(
                    usable.isEmpty()
                            ? "There is no tablespace %s, to which partitions are to be archived. Nothing was moved. Create it (CREATE TABLESPACE %s LOCATION '…'), or correct the archive's tablespace; then run update again."
                                    .formatted(tablespace, tablespace.quoted())
                            : "The role that runs this may not make tables in the tablespace %s, to which partitions are to be archived. Nothing was moved. Grant it (GRANT CREATE ON TABLESPACE %s TO …); then run update again."
                                    .formatted(tablespace, tablespace.quoted()));
        }
    }

    /** Which of those tables, by their oids, are not in the tablespace. */
    public static Set<Long> elsewhere(Session session, List<Long> oids, Identifier tablespace) throws SQLException {
        return new TreeSet<>(session.query(
                ELSEWHERE
                        .with("oids", oids.stream().map(String::valueOf).toArray(String[]::new))
                        .with("name", tablespace.name()),
                row -> row.getLong("oid")));
    }

    /** The tablespace in which a table is, by its name. */
    public static String tablespaceOf(Session session, QualifiedName table) throws SQLException {
        return session.queryStrings(TABLESPACE_OF.with("table", table.quoted())).get(0);
    }

    /**
     * Moves it.
     *
     * @param interval its interval; null if it is none of the layout's
     * @param record gives the statement that records the move, for the oid of the table that is the partition then
     * @return why it stays where it was; empty if it has moved
     */
    public Optional<String> move(Partition interval, LongFunction<Sql> record) throws SQLException {
        for (int i = 0; i < MOST_COPIES; i++) {
            Optional<String> why = whyNot(interval);
            if (why.isPresent()) {
                return why;
            }
            begin(interval);
            if (copy()) {
                compare();
                Optional<String> older = OldSnapshots.await(run, table.name(), PATIENCE);
                if (older.isPresent()) {
                    return Optional.of(
                            "transactions with an older snapshot would find no row in its copy, and did not end within %s: %s. The copy stays, unless somebody writes to the partition; once they have ended, the next update puts it in place."
                                    .formatted(DurationText.words(PATIENCE), older.get()));
                }
                if (takePlace(record)) {
                    return Optional.empty();
                }
            }
            giveUp();
        }
        return Optional.of(
                "it was written to each of the %d times that it was copied. Once it is written to no more, the next update moves it."
                        .formatted(MOST_COPIES));
    }

    private Optional<String> whyNot(Partition interval) throws SQLException {
        Session session = run.session();
        List<String> triggers = session.queryStrings(OWN_TRIGGERS.with("table", partition.quoted()));
        List<String> incoming = session.queryStrings(INCOMING.with("oid", table.oid()));
        String byHand = " Move it yourself at an hour when it can be locked that long: ALTER TABLE %s SET TABLESPACE %s"
                .formatted(partition.quoted(), tablespace.quoted());
        if (!triggers.isEmpty()) {
            return Optional.of("it has the trigger %s for itself, which its twin would not have."
                            .formatted(String.join(", ", triggers))
                    + byHand);
        }
        if (!incoming.isEmpty()) {
            return Optional.of(
                    "the foreign key %s refers to the table, and PostgreSQL lets no partition go to which rows refer."
                                    .formatted(String.join(", ", incoming))
                            + byHand);
        }
        List<String> publications = session.queryStrings(PUBLICATIONS
                .with("schema", partition.schema().name())
                .with("name", partition.name().name())
                .with("rootSchema", table.name().schema().name())
                .with("root", table.name().name().name()));
        if (!publications.isEmpty()) {
            return Optional.of(
                    "the publication %s would send the rows of its twin to subscribers that have no such table."
                                    .formatted(String.join(", ", publications))
                            + byHand);
        }
        if (interval == null && key.combinedColumn().isPresent()) {
            return Optional.of("it is none of the partitions that were made for the table." + byHand);
        }
        if (!marks.isOn(session) && TakenNames.isTaken(session, twin)) {
            return Optional.of(
                    "something else has the name %s. Rename that; the next update moves it.".formatted(twin));
        }
        return Optional.empty();
    }

    /** Begins, unless an earlier run has, with which it can go on. */
    private void begin(Partition interval) throws SQLException {
        Session session = run.session();
        if (marks.isOn(session)) {
            Optional<Table> begun = new TableReader(session).find(twin);
            if (begun.isPresent()
                    && elsewhere(session, List.of(begun.get().oid()), tablespace)
                            .isEmpty()
                    && !marks.isMarked(session)
                    && marks.copiedTo(session, Heap.filenode(session, partition), likeness())
                            .isPresent()) {
                return;
            }
            giveUp();
        }
        Table model = new TableReader(session).require(partition);
        lock.inTransaction(
                session,
                run.report(),
                partition,
                UNCHANGED,
                () -> {
                    List<Lock> locks = new ArrayList<>(referenced());
                    locks.add(Lock.againstWriters(partition));
                    LockPatience.lock(session, locks, partition);
                    session.updateAll(beginStatements(model, interval));
                    return null;
                },
                () -> {});
    }

    private List<Sql> beginStatements(Table model, Partition interval) throws SQLException {
        Session session = run.session();
        List<Sql> statements = new ArrayList<>(sister().in(tablespace).partitionStatements(interval, twin));
        statements.add(ADD_CHECK.with("table", twin).with("name", BOUND_CHECK).with("condition", bound()));
        session.query(
                        FOREIGN_KEYS.with("table", partition.quoted()),
                        row -> ADD.with("table", twin)
                                .with("name", new Identifier(row.getString("conname")))
                                .with("definition", Sql.raw(row.getString("definition"))))
                .forEach(statements::add);
        statements.addAll(marks.beginStatements(model.filenode(), likeness()));
        return statements;
    }

    private Sister sister() throws SQLException {
        return Sister.read(run.session(), partition, key, List.of(table));
    }

    private List<Lock> referenced() throws SQLException {
        return new TableReader(run.session())
                .referenced(table.oid()).stream()
                        .filter(it -> !it.equals(table.name()))
                        .map(Lock::againstWriters)
                        .toList();
    }

    private Sql bound() throws SQLException {
        return run.session()
                .queryFirst(BOUND.with("table", partition.quoted()), row -> Sql.raw(row.getString(1)))
                .orElseThrow();
    }

    private List<Identifier> written() throws SQLException {
        return new TableReader(run.session()).require(partition).writableColumns();
    }

    /** What the twin was made like: its columns, CHECKs and indexes. */
    private String likeness() throws SQLException {
        Table now = new TableReader(run.session()).require(partition);
        return "%s | %s | %s"
                .formatted(
                        Column.fingerprint(now.columns()),
                        now.definition().stream()
                                .map(Table.Definition::phrase)
                                .sorted()
                                .toList(),
                        now.indexes().stream()
                                .map(Index::name)
                                .sorted(Comparator.comparing(Identifier::name))
                                .toList());
    }

    /** @return whether all is copied; it is not if the partition was altered just now */
    private boolean copy() throws SQLException {
        Session session = run.session();
        Optional<Long> done = marks.copiedTo(session, Heap.filenode(session, partition), likeness());
        if (done.isEmpty()) {
            return false;
        }
        long from = done.get();
        long blocks = Heap.blocks(session, partition);
        ChunkSize size = new ChunkSize(FIRST_BLOCKS, TupleId.MAX_BLOCK);
        ProgressMeter progress =
                new ProgressMeter(run.report(), "copy of " + partition + " to " + tablespace, blocks, from, 0);
        while (from < blocks) {
            long begin = from;
            long end = Math.min(blocks, from + size.next(Pace.DEFAULT_CHUNK_TIME));
            Sql chunk = COPY.with("twin", twin)
                    .with("columns", Sql.list(written()))
                    .with("partition", partition)
                    .with("from", new TupleId(begin))
                    .with("to", new TupleId(end));
            long rows = size.timed(
                    end - begin,
                    () -> session.inTransaction(() -> {
                        long copied = session.update(chunk);
                        session.update(marks.copiedStatement(end));
                        return copied;
                    }));
            progress.add(end - begin, rows);
            if (progress.isDue()) {
                progress.tell("");
            }
            from = end;
        }
        session.update(ANALYZE.with("table", twin));
        return true;
    }

    /** What some rows come to: their number, and the sum of a hash of each. */
    private record Tally(long rows, BigDecimal sum) {}

    private Tally tally(QualifiedName of) throws SQLException {
        Session session = run.session();
        long blocks = Heap.blocks(session, of);
        ChunkSize size = new ChunkSize(FIRST_BLOCKS, TupleId.MAX_BLOCK);
        Tally all = new Tally(0, BigDecimal.ZERO);
        for (long from = 0; from < blocks; ) {
            long begin = from;
            long end = Math.min(blocks, from + size.next(Pace.DEFAULT_CHUNK_TIME));
            Sql question = TALLY.with("columns", Sql.list(written()))
                    .with("table", of)
                    .with("from", new TupleId(begin))
                    .with("to", new TupleId(end));
            Tally one = size.timed(
                    end - begin,
                    () -> session.queryFirst(
                                    question,
                                    row -> new Tally(row.getLong("rows"), new BigDecimal(row.getString("sum"))))
                            .orElseThrow());
            all = new Tally(all.rows() + one.rows(), all.sum().add(one.sum()));
            from = end;
        }
        return all;
    }

    /** A difference although nobody has written would be a mistake of ours or of the server's: then it stays. */
    private void compare() throws SQLException {
        Tally there = tally(twin);
        Tally here = tally(partition);
        if (!there.equals(here) && !marks.isMarked(run.session())) {
            giveUp();
            throw new PartitionException(
                    "The copy of %s in the tablespace %s has %,d rows, which are not the %,d rows of the partition, though nobody has written to it. It stays where it was, and the copy was dropped. Look at both disks; the next update copies it again."
                            .formatted(partition, tablespace, there.rows(), here.rows()));
        }
    }

    /** @return whether the twin is the partition now; it is not if somebody has written to the partition since */
    private boolean takePlace(LongFunction<Sql> record) throws SQLException {
        Session session = run.session();
        if (marks.isMarked(session)) {
            return false;
        }
        Optional<QualifiedName> rest = new TableReader(session).defaultPartition(table.oid());
        if (rest.isPresent()) {
            exclude(rest.get());
        }
        List<Sql> renames = sister().renameStatements(twin);
        boolean moved = false;
        try {
            moved = lock.inTransaction(
                    session,
                    run.report(),
                    partition,
                    UNCHANGED,
                    () -> takePlaceLocked(rest.orElse(null), renames, record),
                    () -> {});
            return moved;
        } catch (SQLException e) {
            if (SqlState.QUERY_CANCELED.matches(e)) {
                throw new PartitionException(
                        "%s has a copy in the tablespace %s, but to put it in its place takes longer than writers may wait (lockTimeout, %s). It stays where it was. Give retirePartitions a longer lockTimeout at an hour when writers may wait that long; the next update goes on."
                                .formatted(partition, tablespace, DurationText.words(lock.timeout())),
                        e);
            }
            if (SqlState.DEPENDENT_OBJECTS.matches(e)) {
                throw new PartitionException(
                        "%s cannot make room for its copy in the tablespace %s, since others depend on it: %s. It stays where it was. Drop these, let the next update move it, and make them again."
                                .formatted(partition, tablespace, e.getMessage().replaceAll("\\s+", " ")),
                        e);
            }
            throw e;
        } finally {
            if (!moved && rest.isPresent() && !session.isClosed()) {
                session.update(
                        DROP_CONSTRAINT.with("table", rest.get()).with("name", DefaultRange.nameOfCheck(rest.get())));
            }
        }
    }

    /**
     * Shows the server that the default partition has no row of the range, while writers go on: by a CHECK that refuses
     * nothing as long as the partition has its range. Upkeep drops it if we are killed.
     */
    private void exclude(QualifiedName rest) throws SQLException {
        Session session = run.session();
        Sql add = ADD_EXCLUSION
                .with("table", rest)
                .with("name", DefaultRange.nameOfCheck(rest))
                .with("condition", bound());
        lock.inTransaction(
                session,
                run.report(),
                rest,
                UNCHANGED,
                () -> {
                    LockPatience.lock(session, List.of(Lock.againstAll(rest)), rest);
                    session.updateAll(List.of(
                            DROP_CONSTRAINT.with("table", rest).with("name", DefaultRange.nameOfCheck(rest)), add));
                    return null;
                },
                () -> {});
        session.update(VALIDATE.with("table", rest).with("name", DefaultRange.nameOfCheck(rest)));
    }

    /** @param rest the default partition; null if there is none */
    private boolean takePlaceLocked(QualifiedName rest, List<Sql> renames, LongFunction<Sql> record)
            throws SQLException {
        Session session = run.session();
        AttemptLimit limit = AttemptLimit.begin(session, lock.timeout());
        List<Lock> locks = new ArrayList<>(referenced());
        locks.add(Lock.againstAllWithoutPartitions(table.name()));
        if (rest != null) {
            locks.add(Lock.againstAll(rest));
        }
        locks.add(Lock.againstAll(partition));
        locks.add(Lock.ofIdle(twin));
        LockPatience.lock(session, locks, table.name());
        long filenode = Heap.filenode(session, partition);
        if (!marks.isOn(session)
                || marks.isMarked(session)
                || !session.queryStrings(OWN_TRIGGERS.with("table", partition.quoted()))
                        .isEmpty()
                || marks.copiedTo(session, filenode, likeness()).orElse(-1L) < Heap.blocks(session, partition)) {
            return false;
        }
        long now = new TableReader(session).require(twin).oid();
        Sql bound = session.queryFirst(BOUND.with("table", partition.quoted()), row -> Sql.raw(row.getString(2)))
                .orElseThrow();
        session.queryStrings(limit.set());
        List<Sql> statements = new ArrayList<>();
        statements.add(DETACH.with("table", table.name()).with("partition", partition));
        statements.add(DROP_TABLE.with("table", partition));
        statements.addAll(marks.endStatementsOfDropped());
        statements.add(RENAME.with("table", twin).with("name", partition.name()));
        statements.addAll(renames);
        statements.add(
                ATTACH.with("table", table.name()).with("partition", partition).with("bound", bound));
        session.updateAll(statements);
        session.queryStrings(limit.end());
        List<Sql> afterwards = new ArrayList<>();
        afterwards.add(DROP_CONSTRAINT.with("table", partition).with("name", BOUND_CHECK));
        if (rest != null) {
            afterwards.add(DROP_CONSTRAINT.with("table", rest).with("name", DefaultRange.nameOfCheck(rest)));
        }
        afterwards.add(record.apply(now));
        session.updateAll(afterwards);
        return true;
    }

    /** Drops the twin and the marks. */
    private void giveUp() throws SQLException {
        Session session = run.session();
        lock.inTransaction(
                session,
                run.report(),
                partition,
                UNCHANGED,
                () -> {
                    LockPatience.lock(session, List.of(Lock.againstAll(partition)), partition);
                    List<Sql> statements = new ArrayList<>(marks.endStatements());
                    statements.add(DROP_IF_THERE.with("table", twin));
                    session.updateAll(statements);
                    return null;
                },
                () -> {});
    }
}
