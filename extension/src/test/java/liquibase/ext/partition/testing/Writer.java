package liquibase.ext.partition.testing;

import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.time.Duration;
import java.util.ArrayList;
import java.util.EnumMap;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.concurrent.locks.LockSupport;
import java.util.stream.Stream;
import liquibase.ext.partition.testing.WorkloadReport.Count;
import liquibase.ext.partition.testing.WrittenTable.Column;

/**
 * One connection of a {@link Workload}, which commits small random transactions on rows that no other writer touches;
 * so it can say exactly what they must be.
 *
 * <p>The results of a transaction enter {@link #rows()} only once the server has acknowledged its commit. A writer also
 * checks as it goes: an update, delete or read of a row that it has committed must find it, with the committed content.
 *
 * <p>The file is long because each operation knows what its success and its failure say about a row.
 */
final class Writer implements Runnable {

    private static final String SERIALIZATION_FAILURE = "40001";
    private static final String DEADLOCK_DETECTED = "40P01";
    private static final String LOCK_NOT_AVAILABLE = "55P03";
    private static final String UNIQUE_VIOLATION = "23505";
    private static final String UNDEFINED_TABLE = "42P01";
    /** "cached plan must not change result type" */
    private static final String FEATURE_NOT_SUPPORTED = "0A000";

    private static final String DISK_FULL = "53100";
    private static final Duration LONGEST_OUTAGE = Duration.ofMinutes(2);

    private enum Operation {
        INSERT(Count.INSERTS),
        UPDATE(Count.UPDATES),
        MOVE_DATE(Count.DATE_MOVES),
        CHANGE_KEY(Count.KEY_CHANGES),
        DELETE(Count.DELETES),
        HAND_ON(Count.HANDED_ON),
        READ(Count.READS);

        private final Count count;

        Operation(Count count) {
            this.count = count;
        }
    }

    private static final List<Operation> MIX = List.of(
            Operation.INSERT,
            Operation.INSERT,
            Operation.INSERT,
            Operation.UPDATE,
            Operation.UPDATE,
            Operation.UPDATE,
            Operation.MOVE_DATE,
            Operation.MOVE_DATE,
            Operation.CHANGE_KEY,
            Operation.DELETE,
            Operation.DELETE,
            Operation.READ);

    /** For a writer that has a unique value to hand on. */
    private static final List<Operation> HANDING_ON = Stream.concat(
                    MIX.stream(), Stream.generate(() -> Operation.HAND_ON).limit(MIX.size()))
            .toList();

    /** A statement found no row, or a different one, where the writer had committed one. */
    private static final class RowNotSeen extends Exception {
        private static final long serialVersionUID = 1L;

        private final transient List<String> key;

        RowNotSeen(List<String> key, String message) {
            super(message);
            this.key = key;
        }
    }

    private record Row(List<String> key, String image) {}

    private final Workload workload;
    private final WrittenTable table;
    private final int number;
    private final RandomValues values;
    private final boolean readsBack;
    private final boolean survivesFaults;

    /** The sequence from which every other new row takes its key, before it is inserted; null if there is none. */
    private final String sequence;

    /** The column in which one row has this writer's number, now one row and now another; null if there is none. */
    private final String handedOn;

    /** The numbers that the open transaction has got from the sequence. */
    private final List<String> drawn = new ArrayList<>();

    private final OwnedRows rows = new OwnedRows();

    /** The open transaction's changes to this writer's keys: the image, or null for a deleted row. */
    private final Map<List<String>, String> pending = new LinkedHashMap<>();

    private final Map<String, PreparedStatement> statements = new HashMap<>();

    /** The changes of the transaction whose commit was sent and is not acknowledged; null if there is none. */
    private Map<List<String>, String> inDoubt;

    private Connection connection;
    private long keysMade;

    Writer(
            Workload workload,
            WrittenTable table,
            int number,
            RandomValues values,
            boolean readsBack,
            boolean survivesFaults,
            String sequence,
            String handedOn) {
        this.sequence = sequence;
        this.handedOn = handedOn;
        this.readsBack = readsBack;
        this.survivesFaults = survivesFaults;
        this.workload = workload;
        this.table = table;
        this.number = number;
        this.values = values;
    }

    /** This writer's rows as last committed; read them only while the writer is paused or stopped. */
    OwnedRows rows() {
        return rows;
    }

    private boolean repeatableRead() {
        return number % 2 == 1;
    }

    @Override
    public void run() {
        try {
            connect();
            long due = System.nanoTime();
            while (workload.enterTransaction()) {
                int writes;
                long begun = System.nanoTime();
                try {
                    writes = transactionOrOutage();
                } finally {
                    workload.leaveTransaction();
                }
                long now = System.nanoTime();
                due = Math.max(due + (long) (writes * workload.nanosPerWrite()), now - 1_000_000_000L);
                if (workload.hasRate()) {
                    due = Math.max(due, now + workload.rest(now - begun));
                }
                for (long early = due - System.nanoTime(); early > 0; early = due - System.nanoTime()) {
                    LockSupport.parkNanos(early);
                }
            }
        } catch (SQLException | RuntimeException e) {
            workload.fail("Writer %d stopped: %s".formatted(number, e), e);
        } finally {
            disconnect();
        }
    }

    private void connect() throws SQLException {
        connection = workload.connect("writer " + number);
        connection.setAutoCommit(false);
        connection.setTransactionIsolation(
                repeatableRead() ? Connection.TRANSACTION_REPEATABLE_READ : Connection.TRANSACTION_READ_COMMITTED);
    }

    private void disconnect() {
        statements.clear();
        try {
            if (connection != null) {
                connection.close();
            }
        } catch (SQLException e) {
            // It is gone already.
        }
    }

    private int transactionOrOutage() throws SQLException {
        try {
            return transaction();
        } catch (SQLException e) {
            if (!survivesFaults || !isConnectionLost(e)) {
                throw e;
            }
            workload.count(Count.CONNECTIONS_LOST, inDoubt == null ? 1 : 0);
            connectAgain();
            return 1;
        }
    }

    private static boolean isConnectionLost(SQLException e) {
        return e.getSQLState() != null
                && (e.getSQLState().startsWith("08") || e.getSQLState().startsWith("57P0"));
    }

    /** Still inside the transaction as far as the workload's pause goes: after a pause nothing is in doubt. */
    private void connectAgain() throws SQLException {
        long deadline = System.nanoTime() + LONGEST_OUTAGE.toNanos();
        while (true) {
            try {
                disconnect();
                connect();
                decide();
                return;
            } catch (SQLException e) {
                if (!isConnectionLost(e) || System.nanoTime() > deadline) {
                    throw e;
                }
                LockSupport.parkNanos(50_000_000);
            }
        }
    }

    /** The keys are this writer's alone, so they can be read one by one. */
    private void decide() throws SQLException {
        if (inDoubt == null) {
            return;
        }
        connection.setTransactionIsolation(Connection.TRANSACTION_READ_COMMITTED);
        Map<List<String>, String> found = new LinkedHashMap<>();
        for (List<String> key : inDoubt.keySet()) {
            Row row = one(table.select(), key);
            found.put(key, row == null ? null : row.image());
        }
        connection.rollback();
        connection.setTransactionIsolation(
                repeatableRead() ? Connection.TRANSACTION_REPEATABLE_READ : Connection.TRANSACTION_READ_COMMITTED);
        if (found.equals(inDoubt)) {
            keep(inDoubt);
            workload.count(Count.COMMITTED_UNACKNOWLEDGED, 1);
        } else if (found.entrySet().stream()
                .allMatch(entry -> Objects.equals(entry.getValue(), rows.image(entry.getKey())))) {
            drawn.clear();
            workload.count(Count.NOT_COMMITTED_UNACKNOWLEDGED, 1);
        } else {
            workload.violation(
                    "A transaction whose commit was not acknowledged is there in part: it did %s, and there is %s"
                            .formatted(inDoubt, found));
            keep(found);
        }
        inDoubt = null;
    }

    /** Only committed rows are kept: a server that crashes may give out again what nobody has kept. */
    private void keep(Map<List<String>, String> written) {
        drawn.forEach(workload::drawn);
        drawn.clear();
        written.forEach((key, image) -> {
            if (image == null) {
                rows.remove(key);
            } else {
                rows.put(key, image);
            }
        });
    }

    private int transaction() throws SQLException {
        Map<Count, Integer> done = new EnumMap<>(Count.class);
        drawn.clear();
        int operations = values.oneIn(3) ? 2 + values.random().nextInt(5) : 1;
        try {
            for (int i = 0; i < operations; i++) {
                List<Operation> mix = handedOn == null ? MIX : HANDING_ON;
                Operation operation = mix.get(values.random().nextInt(mix.size()));
                perform(operation);
                done.merge(operation.count, 1, Integer::sum);
            }
            if (values.oneIn(20)) {
                connection.rollback();
                workload.count(Count.ROLLBACKS, 1);
            } else {
                inDoubt = new LinkedHashMap<>(pending);
                timed(() -> {
                    connection.commit();
                    return null;
                });
                inDoubt = null;
                keep(pending);
                done.forEach(workload::count);
                workload.count(Count.COMMITS, 1);
            }
        } catch (RowNotSeen e) {
            connection.rollback();
            pending.clear();
            lookAgain(e);
        } catch (SQLException e) {
            if (survivesFaults && isConnectionLost(e)) {
                throw e;
            }
            // The server answers, and the answer is no.
            inDoubt = null;
            Count reason = reasonToRetry(e);
            connection.rollback();
            workload.count(reason, 1);
        } finally {
            pending.clear();
        }
        return operations;
    }

    /**
     * The errors after which a client is expected to try again; any other error ends the writer, and with it the
     * workload.
     */
    private Count reasonToRetry(SQLException e) throws SQLException {
        if (e.getSQLState() == null) {
            throw e;
        }
        if (handedOn != null && repeatableRead() && e.getSQLState().equals(UNIQUE_VIOLATION)) {
            // Its snapshot is older than the swap, and does not show which row has the value.
            return Count.ROWS_NOT_SEEN;
        }
        if (survivesFaults && e.getSQLState().equals(DISK_FULL)) {
            return Count.DISK_FULL;
        }
        return switch (e.getSQLState()) {
            case SERIALIZATION_FAILURE -> Count.SERIALIZATION_FAILURES;
            case DEADLOCK_DETECTED -> {
                if (survivesFaults) {
                    workload.violation("A writer was ended by a deadlock: " + e.getMessage());
                }
                yield Count.DEADLOCKS;
            }
            case LOCK_NOT_AVAILABLE -> Count.LOCK_TIMEOUTS;
            case UNDEFINED_TABLE, FEATURE_NOT_SUPPORTED -> Count.SWAP_ERRORS;
            default -> throw e;
        };
    }

    private void perform(Operation operation) throws SQLException, RowNotSeen {
        List<String> key = operation == Operation.INSERT ? null : ownKey();
        if (key == null || operation == Operation.CHANGE_KEY && !table.hasWritableKey()) {
            insert();
            return;
        }
        switch (operation) {
            case UPDATE -> update(anyOf(table.payload().isEmpty() ? table.times() : table.payload()), key);
            case MOVE_DATE -> update(anyOf(table.times()), key);
            case CHANGE_KEY -> update(table.key(), key);
            case DELETE -> {
                expectCommitted(key, one(table.delete(), key));
                pending.put(key, null);
            }
            case READ -> expectCommitted(key, one(table.select(), key));
            case HAND_ON -> handOn(key);
            case INSERT -> throw new IllegalStateException("done above");
        }
    }

    private List<Column> anyOf(List<Column> columns) {
        return List.of(columns.get(values.random().nextInt(columns.size())));
    }

    private void insert() throws SQLException, RowNotSeen {
        Row inserted;
        if (sequence == null) {
            inserted = one(table.insert(), newValues(table.inserted()));
        } else if (values.oneIn(2)) {
            inserted = one(table.insert(), newValues(table.inserted()));
            if (inserted != null) {
                drawn.addAll(inserted.key());
            }
        } else {
            List<String> parameters = new ArrayList<>(List.of(nextval()));
            drawn.addAll(parameters);
            parameters.addAll(newValues(table.inserted()));
            inserted = one(table.insertWithKey(), parameters);
        }
        if (inserted == null) {
            // A trigger that returns NULL does this; the client is never told.
            throw new RowNotSeen(null, "INSERT … RETURNING gave no row back");
        }
        pending.put(inserted.key(), inserted.image());
    }

    /** As Hibernate does: the number first, and the row later in the same transaction. */
    private String nextval() throws SQLException {
        try (Statement statement = connection.createStatement();
                ResultSet next = timed(() -> statement.executeQuery("SELECT nextval('" + sequence + "')"))) {
            next.next();
            return next.getString(1);
        }
    }

    /**
     * The row that has the value belongs to this writer, wherever it has gone. After the swap there can be two: a
     * REPEATABLE READ transaction whose snapshot is older does not find the row that has the value, and the unique
     * index, which includes the partition key by then, lets it give the value to a row with another date.
     */
    private void handOn(List<String> key) throws SQLException, RowNotSeen {
        List<Row> released = all(table.release(handedOn), List.of(Integer.toString(number)));
        for (Row row : released) {
            remember(row);
        }
        List<String> parameters = new ArrayList<>(List.of(Integer.toString(number)));
        parameters.addAll(key);
        Row taken = one(table.take(handedOn), parameters);
        if (taken == null) {
            throw new RowNotSeen(key, "UPDATE of %s found no row %s, which is committed".formatted(handedOn, key));
        }
        remember(taken);
    }

    private void remember(Row written) throws SQLException {
        Row row = readsBack ? one(table.select(), written.key()) : written;
        pending.put(row.key(), row.image());
    }

    private void update(List<Column> changed, List<String> key) throws SQLException, RowNotSeen {
        List<String> parameters = newValues(changed);
        parameters.addAll(key);
        Row updated = one(table.update(changed), parameters);
        if (updated == null) {
            throw new RowNotSeen(
                    key,
                    "UPDATE of %s found no row %s, which is committed"
                            .formatted(changed.stream().map(Column::name).toList(), key));
        }
        if (readsBack) {
            updated = one(table.select(), updated.key());
        }
        pending.put(key, null);
        pending.put(updated.key(), updated.image());
    }

    private List<String> newValues(List<Column> columns) {
        List<String> parameters = new ArrayList<>();
        for (Column column : columns) {
            parameters.add(
                    table.key().contains(column)
                            ? values.newKey(column, number, workload.writers(), keysMade++)
                            : values.valueOf(column));
        }
        return parameters;
    }

    private void expectCommitted(List<String> key, Row found) throws RowNotSeen {
        String expected = pending.containsKey(key) ? pending.get(key) : rows.image(key);
        if (found == null || !found.image().equals(expected)) {
            throw new RowNotSeen(
                    key,
                    "row %s is committed as %s, but the statement found %s"
                            .formatted(key, expected, found == null ? "nothing" : found.image()));
        }
    }

    /**
     * A REPEATABLE READ transaction whose snapshot is older than the swap cannot see what the swap's transaction wrote:
     * this is known, and counted. Everybody else must see the row, and so must this writer when it looks again.
     */
    private void lookAgain(RowNotSeen unseen) throws SQLException {
        workload.count(Count.ROWS_NOT_SEEN, 1);
        if (!repeatableRead() || unseen.key == null) {
            workload.violation(unseen.getMessage());
        } else if (rows.image(unseen.key) != null) {
            try (Statement statement = connection.createStatement()) {
                // A snapshot per statement, taken behind the lock if there is one again.
                statement.execute("SET TRANSACTION ISOLATION LEVEL READ COMMITTED");
                expectCommitted(unseen.key, one(table.select(), unseen.key));
            } catch (RowNotSeen e) {
                workload.violation("Looked twice: " + e.getMessage());
            }
            connection.rollback();
        }
    }

    /** A key of this writer that exists in the open transaction; every fourth is one it has just written. */
    private List<String> ownKey() {
        if (values.oneIn(4)) {
            for (Map.Entry<List<String>, String> written : pending.entrySet()) {
                if (written.getValue() != null) {
                    return written.getKey();
                }
            }
        }
        List<String> key = rows.anyKey(values.random());
        return key == null || pending.containsKey(key) && pending.get(key) == null ? null : key;
    }

    /** The statement's only row, or null when there is none. */
    private Row one(String sql, List<String> parameters) throws SQLException {
        List<Row> found = all(sql, parameters);
        return found.isEmpty() ? null : found.get(0);
    }

    private List<Row> all(String sql, List<String> parameters) throws SQLException {
        PreparedStatement statement = statements.get(sql);
        if (statement == null) {
            statement = connection.prepareStatement(sql);
            statements.put(sql, statement);
        }
        for (int i = 0; i < parameters.size(); i++) {
            statement.setString(i + 1, parameters.get(i));
        }
        List<Row> found = new ArrayList<>();
        try (ResultSet result = timed(statement::executeQuery)) {
            while (result.next()) {
                found.add(new Row(table.keyOf(result), table.imageOf(result)));
            }
        }
        return found;
    }

    private interface Call<T> {
        T call() throws SQLException;
    }

    private <T> T timed(Call<T> call) throws SQLException {
        long started = System.nanoTime();
        try {
            return call.call();
        } finally {
            workload.waited(System.nanoTime() - started);
        }
    }
}
