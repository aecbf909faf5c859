package liquibase.ext.partition.testing;

import java.sql.Connection;
import java.sql.SQLException;
import java.sql.Statement;
import java.time.Duration;
import java.time.LocalDate;
import java.util.ArrayList;
import java.util.Collections;
import java.util.EnumMap;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.SplittableRandom;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.Semaphore;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.LongAccumulator;
import java.util.concurrent.atomic.LongAdder;
import java.util.stream.Collectors;
import liquibase.ext.partition.testing.WorkloadReport.Count;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Writers that keep a table busy and know exactly what it must hold.
 *
 * <p>Each writer has a connection of its own, every other one in REPEATABLE READ, and rows of its own: the table's rows
 * are dealt out among them at the start, and a row stays with its writer whatever happens to its key. They insert,
 * update, move rows to other months, change keys, delete and read, in transactions of one to six statements, and roll
 * back one in twenty. Only what the server acknowledged as committed counts.
 *
 * <pre>{@code
 * try (Workload workload = Workload.on(database, "public.orders", "id", "created_at").writers(12).start()) {
 *     workload.awaitCommits(1000);
 *     … copy, replay, swap …
 *     WorkloadReport report = workload.stop();
 *     workload.assertNothingLost();
 * }
 * }</pre>
 *
 * The writers speak of the table by its name, so after a swap they write to the table that has the name then. A client
 * error that no swap should cause stops the workload and fails whatever method is called next.
 *
 * <p>The file is long because the builder explains each of its settings, and every writer reports here.
 */
public final class Workload implements AutoCloseable {

    private static final Logger LOG = LoggerFactory.getLogger(Workload.class);
    private static final int MOST_VIOLATIONS = 20;

    /** About how many writers are at work, if they have a rate. */
    private static final int AT_WORK = 3;

    /** Longer than any lock of ours may be held; a writer still busy then is stuck, and stop() says so. */
    private static final Duration LONGEST_TRANSACTION = Duration.ofMinutes(2);

    /** The settings of a workload; see {@link Workload#on}. */
    public static final class Builder {

        private final TestDatabase database;
        private final String table;
        private final List<String> key;
        private final List<String> times;
        private final Map<String, RandomValue> values = new HashMap<>();
        private final Map<String, String> compared = new HashMap<>();
        private LocalDate from = LocalDate.of(2024, 1, 1);
        private LocalDate until = LocalDate.of(2026, 1, 1);
        private boolean outliers;
        private boolean readsBack;
        private int writers = 4;
        private double writesPerSecond = Double.POSITIVE_INFINITY;
        private long seed = System.nanoTime();
        private boolean survivesFaults;
        private final Set<String> left = new HashSet<>();
        private String sequence;
        private String handedOn;

        private Builder(TestDatabase database, String table, List<String> key, List<String> times) {
            this.database = database;
            this.table = table;
            this.key = List.copyOf(key);
            this.times = List.copyOf(times);
        }

        public Builder writers(int number) {
            writers = number;
            return this;
        }

        /** Dates are spread evenly over {@code [from, until)}; by default 2024 and 2025. */
        public Builder between(LocalDate first, LocalDate end) {
            from = first;
            until = end;
            return this;
        }

        /** Gives one date in two hundred a value far outside: 1970, 2999, infinity, -infinity. */
        public Builder withOutliers() {
            outliers = true;
            return this;
        }

        /**
         * Reads a row after its update, for a table whose {@code UPDATE … RETURNING} does not show all that was stored.
         */
        public Builder readingBack() {
            readsBack = true;
            return this;
        }

        /** The values of a column that takes only some (a check, an enum, a foreign key). */
        public Builder choices(String column, String... choices) {
            return values(column, RandomValue.oneOf(choices));
        }

        /**
         * The source of a column's values, if its type alone does not determine them: a date in text, a key with a time
         * inside. For a key's only column, each value must be a new one.
         *
         * @param column as the catalog spells it
         */
        public Builder values(String column, RandomValue source) {
            values.put(column, source);
            return this;
        }

        /**
         * The part of a column that is compared, if its type and its text form change on the way.
         *
         * @param expression an expression over the column, which has the same value for both of its types
         */
        public Builder comparing(String column, String expression) {
            compared.put(column, expression);
            return this;
        }

        /**
         * The rate of all writers together at most, lower if the machine is busy; without it each writes as fast as it
         * can.
         */
        public Builder writesPerSecond(double rate) {
            writesPerSecond = rate;
            return this;
        }

        /** By default a different seed each time; it is logged. */
        public Builder seed(long number) {
            seed = number;
            return this;
        }

        /**
         * No writer ends because of a lost connection, a restart of the server or a full disk. It reconnects, and finds
         * out by reading whether the transaction whose commit was not acknowledged is committed; it requires all of it
         * or nothing.
         */
        public Builder survivingFaults() {
            survivesFaults = true;
            return this;
        }

        /**
         * A column, as the catalog spells it, to which the writers give no value. It is in the images all the same, so
         * that they notice when it changes. It must be the last column of the table, for {@link Workload#alter}.
         */
        public Builder leaving(String column) {
            left.add(column);
            return this;
        }

        /**
         * Every other new row takes its key, one number, from this sequence by a statement of its own, as clients do
         * that must know the key beforehand. No number is given to two rows, in whichever way they took it.
         */
        public Builder takingKeysFrom(String name) {
            sequence = name;
            return this;
        }

        /**
         * An integer column in which one row of each writer has a value that no other has; it wanders from row to row
         * all the time.
         */
        public Builder handingOn(String column) {
            handedOn = column;
            left.add(column);
            return this;
        }

        /** Deals out the table's rows and starts the writers. */
        public Workload start() {
            return new Workload(this);
        }
    }

    private final TestDatabase database;
    private final WrittenTable table;
    private final long seed;
    private final double nanosPerWrite;
    private final List<Writer> writers = new ArrayList<>();
    private final List<Thread> threads = new ArrayList<>();

    /**
     * A permit per open transaction; a thread that holds all of them has paused the workload. Fair, so a pause gets its
     * turn.
     */
    private final Semaphore transactions;

    private final Map<Count, LongAdder> counts = new EnumMap<>(Count.class);
    private final LongAccumulator longestWait = new LongAccumulator(Math::max, 0);
    private final LongAccumulator longestWaitLately = new LongAccumulator(Math::max, 0);
    private final List<String> violations = Collections.synchronizedList(new ArrayList<>());
    private final Set<String> drawn = ConcurrentHashMap.newKeySet();
    private volatile boolean stopping;
    private boolean paused;
    private IllegalStateException failure;

    /**
     * @param table as SQL writes it: {@code public.orders}, {@code "Sales"."Order"}
     * @param keyColumn the key, one column, as the catalog spells it: uuid, text or an integer type
     * @param dateColumn the partition key's column, as the catalog spells it: a date or a timestamp
     */
    public static Builder on(TestDatabase database, String table, String keyColumn, String dateColumn) {
        return on(database, table, List.of(keyColumn), List.of(dateColumn));
    }

    /**
     * @param table as SQL writes it: {@code public.orders}, {@code "Sales"."Order"}
     * @param key the columns that tell the rows apart, as the catalog spells them
     * @param times the columns that decide the partition; columns of types other than dates and timestamps need
     *     {@link Builder#values}
     */
    public static Builder on(TestDatabase database, String table, List<String> key, List<String> times) {
        return new Builder(database, table, key, times);
    }

    private Workload(Builder builder) {
        database = builder.database;
        seed = builder.seed;
        nanosPerWrite = builder.writers * 1e9 / builder.writesPerSecond;
        transactions = new Semaphore(builder.writers, true);
        for (Count count : Count.values()) {
            counts.put(count, new LongAdder());
        }
        LOG.info("{} writers on {}, seed {}", builder.writers, builder.table, seed);
        try (Connection connection = connect("workload")) {
            table = WrittenTable.read(
                    connection, builder.table, builder.key, builder.times, builder.compared, builder.left);
            long firstKey = firstKey();
            SplittableRandom random = new SplittableRandom(seed);
            for (int i = 0; i < builder.writers; i++) {
                RandomValues values = new RandomValues(
                        random.split(), builder.values, builder.from, builder.until, builder.outliers, firstKey);
                writers.add(new Writer(
                        this,
                        table,
                        i,
                        values,
                        builder.readsBack,
                        builder.survivesFaults,
                        builder.sequence,
                        builder.handedOn));
            }
            int[] dealt = {0};
            table.forEachRow(
                    connection,
                    (key, image) ->
                            writers.get(dealt[0]++ % writers.size()).rows().put(key, image));
        } catch (SQLException e) {
            throw new IllegalStateException("Cannot write to " + builder.table + ": " + e.getMessage(), e);
        }
        for (Writer writer : writers) {
            Thread thread = new Thread(writer, "writer-" + threads.size());
            thread.setDaemon(true);
            threads.add(thread);
            thread.start();
        }
    }

    /** The least number in the key. */
    private long firstKey() {
        return table.key().stream()
                .filter(column -> column.type().matches("smallint|integer|bigint"))
                .mapToLong(column -> database.queryLong(
                        "SELECT coalesce(min(%s), 0) FROM %s".formatted(column.name(), table.name())))
                .min()
                .orElse(0);
    }

    /** The table's name, as SQL writes it. */
    public String table() {
        return table.name();
    }

    /** Blocks until that many more transactions have been committed. */
    public void awaitCommits(long more) {
        long target = counts.get(Count.COMMITS).sum() + more;
        synchronized (counts) {
            while (counts.get(Count.COMMITS).sum() < target) {
                requireRunning();
                await();
            }
        }
    }

    private void await() {
        try {
            counts.wait(1000);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new IllegalStateException("Interrupted while waiting for the writers", e);
        }
    }

    /** Blocks until no transaction is open, and lets none begin before {@link #resume()}. */
    public void pause() {
        requireRunning();
        try {
            if (!transactions.tryAcquire(writers.size(), LONGEST_TRANSACTION.toSeconds(), TimeUnit.SECONDS)) {
                throw new IllegalStateException("The writers did not finish their transactions within "
                        + LONGEST_TRANSACTION + ":\n" + waitingSessions());
            }
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new IllegalStateException("Interrupted while pausing the writers", e);
        }
        paused = true;
        requireRunning();
    }

    public void resume() {
        if (paused) {
            paused = false;
            transactions.release(writers.size());
        }
    }

    /** Lets every writer finish its transaction, ends them, and reports; repeating it repeats the report. */
    public WorkloadReport stop() {
        end();
        synchronized (counts) {
            if (failure != null) {
                throw failure;
            }
        }
        return report();
    }

    /** Ends the writers; only {@link #stop()} reports an error that they met. */
    @Override
    public void close() {
        end();
    }

    private void end() {
        stopping = true;
        resume();
        long deadline = System.nanoTime() + LONGEST_TRANSACTION.toNanos();
        try {
            for (Thread thread : threads) {
                thread.join(Math.max(1, (deadline - System.nanoTime()) / 1_000_000));
                if (thread.isAlive()) {
                    fail("%s is stuck in a statement:%n%s".formatted(thread.getName(), waitingSessions()), null);
                }
            }
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new IllegalStateException("Interrupted while stopping the writers", e);
        }
    }

    private String waitingSessions() {
        return database.queryRows("""
                        SELECT pid, application_name, wait_event_type, pg_blocking_pids(pid), left(query, 200)
                        FROM pg_stat_activity WHERE datname = current_database() AND state <> 'idle'
                        """).stream().map(List::toString).collect(Collectors.joining("\n"));
    }

    /** The report so far. */
    public WorkloadReport report() {
        Map<Count, Long> sums = new EnumMap<>(Count.class);
        counts.forEach((count, adder) -> sums.put(count, adder.sum()));
        synchronized (violations) {
            return new WorkloadReport(sums, Duration.ofNanos(longestWait.get()), violations, seed);
        }
    }

    /** The longest wait of a single statement that ended since this was last asked. */
    public Duration takeLongestWait() {
        return Duration.ofNanos(longestWaitLately.getThenReset());
    }

    /** An alteration of the table behind the writers' backs; it commits nothing by itself. */
    @FunctionalInterface
    public interface Alteration {
        void perform(Connection connection) throws SQLException;
    }

    /** The changes to a row that {@link #alter} may have made; each value is null if there is no such row. */
    @FunctionalInterface
    public interface Allowed {
        boolean becomes(String expected, String found);
    }

    /** Whether only the last column has another value now. */
    public static boolean changesLastColumn(String expected, String found) {
        return expected != null
                && found != null
                && expected.substring(0, expected.lastIndexOf(',')).equals(found.substring(0, found.lastIndexOf(',')));
    }

    /**
     * Alters the table in one transaction while no writer has one open; from then on, the resulting rows are the
     * expected ones.
     */
    public void alter(Alteration alteration, Allowed allowed) throws SQLException {
        pause();
        try (Connection connection = connect("alteration")) {
            connection.setAutoCommit(false);
            alteration.perform(connection);
            Map<List<String>, String> before = expectedRows();
            Map<List<String>, String> after = new HashMap<>();
            table.forEachRow(connection, (key, image) -> {
                if (after.put(key, image) != null) {
                    violation("Twice after an alteration: " + image);
                }
            });
            before.forEach((key, image) -> {
                String found = after.get(key);
                if (!image.equals(found)) {
                    requireAllowed(allowed, image, found);
                    writers.stream()
                            .filter(writer -> writer.rows().image(key) != null)
                            .forEach(writer -> {
                                if (found == null) {
                                    writer.rows().remove(key);
                                } else {
                                    writer.rows().put(key, found);
                                }
                            });
                }
            });
            after.forEach((key, image) -> {
                if (!before.containsKey(key)) {
                    requireAllowed(allowed, null, image);
                    writers.get(0).rows().put(key, image);
                }
            });
        } finally {
            resume();
        }
    }

    private void requireAllowed(Allowed allowed, String expected, String found) {
        if (!allowed.becomes(expected, found)) {
            violation("Before an alteration %s was expected, and it found %s".formatted(expected, found));
        }
    }

    /** Every row that must be there: its key and its image ({@code ROW(…)::text}); only while paused or stopped. */
    public Map<List<String>, String> expectedRows() {
        if (!paused && threads.stream().anyMatch(Thread::isAlive)) {
            throw new IllegalStateException("The writers are writing: pause() or stop() them first");
        }
        Map<List<String>, String> expected = new HashMap<>();
        writers.forEach(writer -> writer.rows().forEach(expected::put));
        return expected;
    }

    /** Compares the table with {@link #expectedRows()}; only while paused or stopped. */
    public RowDifferences differences() {
        return differences(table.name());
    }

    /**
     * Compares another table with the same columns, such as the new table or the backup, with {@link #expectedRows()}.
     */
    public RowDifferences differences(String otherTable) {
        RowDifferences.Comparison comparison = new RowDifferences.Comparison(otherTable, expectedRows());
        try (Connection connection = connect("comparison")) {
            table.named(otherTable).forEachRow(connection, comparison::found);
        } catch (SQLException e) {
            throw new IllegalStateException("Cannot compare " + otherTable + ": " + e.getMessage(), e);
        }
        return comparison.result();
    }

    /** The table holds exactly what was committed, and no writer met a violation; only while paused or stopped. */
    public void assertNothingLost() {
        RowDifferences differences = differences();
        if (!differences.isEmpty() || !violations.isEmpty()) {
            throw new AssertionError(differences + "\n" + report());
        }
    }

    private void requireRunning() {
        synchronized (counts) {
            if (failure != null) {
                throw failure;
            }
        }
        if (stopping) {
            throw new IllegalStateException("The workload has been stopped");
        }
    }

    Connection connect(String applicationName) throws SQLException {
        Connection connection = database.connect();
        try (Statement statement = connection.createStatement()) {
            // Images are text, and must not depend on where they were read.
            statement.execute("SET TimeZone = 'UTC'");
            statement.execute("SET application_name = '" + applicationName + "'");
        }
        return connection;
    }

    int writers() {
        return writers.size();
    }

    boolean hasRate() {
        return nanosPerWrite > 0;
    }

    /**
     * How long a writer rests after a transaction: however many writers there are, and however slow the machine is,
     * only a few of them are at work at a time. At a rate that the machine cannot keep, the table would grow as long as
     * a step takes, and the step would take longer the more the table grows.
     */
    long rest(long transaction) {
        return transaction * writers.size() / AT_WORK;
    }

    double nanosPerWrite() {
        return nanosPerWrite;
    }

    /** False when the writer is to end. */
    boolean enterTransaction() {
        transactions.acquireUninterruptibly();
        if (stopping) {
            transactions.release();
        }
        return !stopping;
    }

    void leaveTransaction() {
        transactions.release();
    }

    void count(Count what, long times) {
        counts.get(what).add(times);
        if (what == Count.COMMITS) {
            synchronized (counts) {
                counts.notifyAll();
            }
        }
    }

    void waited(long nanos) {
        longestWait.accumulate(nanos);
        longestWaitLately.accumulate(nanos);
    }

    /** A number of the sequence, whose transaction is committed. */
    void drawn(String number) {
        if (!drawn.add(number)) {
            violation("The sequence gave out %s twice".formatted(number));
        }
    }

    void violation(String what) {
        if (violations.size() < MOST_VIOLATIONS) {
            LOG.debug("Violation: {}", what);
            violations.add(what);
        }
    }

    void fail(String message, Exception cause) {
        synchronized (counts) {
            if (failure == null) {
                failure = new IllegalStateException(message, cause);
            }
            counts.notifyAll();
        }
        stopping = true;
    }
}
