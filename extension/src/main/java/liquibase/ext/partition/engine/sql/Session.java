package liquibase.ext.partition.engine.sql;

import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.io.UncheckedIOException;
import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.sql.Types;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/**
 * A connection, and the transactions on it. One thread at a time may use it. Does not own the connection, which its
 * opener closes.
 *
 * <p>Its statements run with a {@linkplain SearchPath pinned} {@code search_path}: {@link #pin} comes first, and
 * {@link #unpin} gives a connection that is not ours back as it was.
 *
 * <p>The file is long because path, transaction, recording and watching concern every statement.
 *
 * <p>Outside {@link #inTransaction} each statement commits by itself when the connection is in autocommit, which the
 * engine expects of every connection that it is given.
 */
public final class Session implements Conversation {
    /** Reads the current row; must not move the cursor. */
    @FunctionalInterface
    public interface RowMapper<T> {
        T map(ResultSet row) throws SQLException;
    }

    /** The work of one transaction. */
    @FunctionalInterface
    public interface Work<T> {
        T run() throws SQLException;
    }

    /** The work of one transaction, without a result. */
    @FunctionalInterface
    public interface Action {
        void run() throws SQLException;
    }

    private final Connection connection;
    private Answers.Record record;

    /** The path from before the session was pinned; null while it is not pinned. */
    private String callersPath;

    /** Whether the session was pinned in a transaction of the caller's, and so until its end at most. */
    private boolean pinnedLocally;

    /** Read from another thread, which watches over the session; null while nothing is waited for. */
    private volatile Waiting waiting;

    private volatile String abandoned;

    /** The session can ask nothing before it is {@linkplain #pin pinned}. */
    public Session(Connection connection) {
        this.connection = connection;
    }

    /** A session on a connection that is ours alone, pinned until the connection ends. */
    public static Session pinned(Connection connection) throws SQLException {
        Session session = new Session(connection);
        session.pin();
        return session;
    }

    /**
     * Looks names up in the {@linkplain SearchPath#PINNED catalog} only, until {@link #unpin}. In a transaction of the
     * caller's, the setting ends with the transaction, so that a {@code SET LOCAL} of the caller's remains one.
     */
    public void pin() throws SQLException {
        if (callersPath != null) {
            throw new IllegalStateException("The session is pinned already.");
        }
        boolean local = isInTransaction();
        callersPath = setPath(SearchPath.replace(SearchPath.PINNED, local));
        pinnedLocally = local;
    }

    /** Restores the caller's path; does nothing if the session is not pinned. */
    public void unpin() throws SQLException {
        if (callersPath == null) {
            return;
        }
        String path = callersPath;
        callersPath = null;
        try {
            setPath(SearchPath.set(path, pinnedLocally));
        } catch (SQLException e) {
            // The transaction has failed, and its end restores the path.
            if (!pinnedLocally || !SqlState.IN_FAILED_TRANSACTION.matches(e)) {
                throw e;
            }
        }
    }

    /**
     * Runs {@code work} pinned, in the open transaction, or else in one of its own, so that no setting can be left in a
     * pooler's session. If the session is pinned already, simply runs it in a transaction.
     */
    public <T> T whilePinned(Work<T> work) throws SQLException {
        if (callersPath != null) {
            return inTransaction(work);
        }
        return inTransaction(() -> {
            pin();
            T result;
            try {
                result = work.run();
            } catch (SQLException | RuntimeException | Error e) {
                try {
                    unpin();
                } catch (SQLException suppressed) {
                    // The connection is gone; only the reason matters.
                    e.addSuppressed(suppressed);
                }
                throw e;
            }
            unpin();
            return result;
        });
    }

    /** The present search path. */
    public String searchPath() throws SQLException {
        return setPath(SearchPath.current());
    }

    /** Sets the caller's path on a connection that was opened anew. */
    public void useSearchPath(String path) throws SQLException {
        setPath(SearchPath.set(path, false));
    }

    /**
     * As {@link #query}, whether pinned or not: for a statement in which no name and no operator depends on the path.
     */
    public <T> List<T> queryOnAnyPath(Sql sql, RowMapper<T> mapper) throws SQLException {
        return awaiting(() -> ask(sql, mapper));
    }

    private void requirePinned(Sql sql) {
        if (callersPath == null) {
            throw new IllegalStateException("The session is not pinned, so who knows what would be called by: " + sql);
        }
    }

    /**
     * Runs {@code work} in one transaction with the caller's path. For what the caller wrote, and for questions about
     * what the caller means by a name. In such a statement of ours nothing else may depend on the path, not even an
     * operator.
     */
    public <T> T onCallersPath(Work<T> work) throws SQLException {
        if (callersPath == null) {
            return work.run();
        }
        String path = callersPath;
        return inTransaction(() -> {
            setPath(SearchPath.set(path, true));
            T result = work.run();
            setPath(SearchPath.set(SearchPath.PINNED, true));
            return result;
        });
    }

    /** No question whose answer matters to {@linkplain #recorded recorded work}. */
    private String setPath(Sql statement) throws SQLException {
        return awaiting(() -> ask(statement, row -> row.getString(1))).get(0);
    }

    @Override
    public Optional<Waiting> waiting() {
        return Optional.ofNullable(waiting);
    }

    @Override
    public void abandon(String reason) {
        abandoned = reason;
        try {
            // On a thread of its own, because closing an encrypted connection may try to notify the other side.
            connection.abort(command -> {
                Thread closing = new Thread(command, "closing a lost connection");
                closing.setDaemon(true);
                closing.start();
            });
        } catch (SQLException e) {
            // Then it is closed already.
        }
    }

    private <T> T awaiting(Work<T> work) throws SQLException {
        waiting = new Waiting();
        try {
            return work.run();
        } catch (SQLException e) {
            throw abandoned == null ? e : new SQLException(abandoned, SqlState.CONNECTION_FAILURE.code(), e);
        } finally {
            waiting = null;
        }
    }

    /** One of {@link Connection}'s levels. */
    public int transactionIsolation() throws SQLException {
        return awaiting(connection::getTransactionIsolation);
    }

    /** Sets the level of the transactions that follow; must not be called within a transaction. */
    public void setTransactionIsolation(int level) throws SQLException {
        awaiting(() -> {
            connection.setTransactionIsolation(level);
            return null;
        });
    }

    /** Whether the session was closed, by us or because the server is known to be gone; asks nobody. */
    public boolean isClosed() throws SQLException {
        return connection.isClosed();
    }

    /**
     * Runs {@code work} in one transaction and commits it. An exception rolls it back and is rethrown. Inside an open
     * transaction (autocommit off), the work becomes part of it, and whoever opened that transaction ends it.
     */
    public <T> T inTransaction(Work<T> work) throws SQLException {
        if (!connection.getAutoCommit()) {
            return work.run();
        }
        connection.setAutoCommit(false);
        T result;
        try {
            result = work.run();
            awaiting(() -> {
                connection.commit();
                return null;
            });
        } catch (SQLException | RuntimeException | Error e) {
            try {
                awaiting(() -> {
                    connection.rollback();
                    return null;
                });
                connection.setAutoCommit(true);
            } catch (SQLException suppressed) {
                // The connection is gone, and the transaction with it; only the reason matters.
                e.addSuppressed(suppressed);
            }
            throw e;
        }
        connection.setAutoCommit(true);
        return result;
    }

    /** As {@link #inTransaction(Work)}, without a result. */
    public void inTransaction(Action action) throws SQLException {
        inTransaction(() -> {
            action.run();
            return null;
        });
    }

    /** Whether a transaction is open, so that our work would be committed, or lost, together with others' work. */
    public boolean isInTransaction() throws SQLException {
        return !connection.getAutoCommit();
    }

    /** Runs one statement and gives the number of rows it inserted, updated or deleted; 0 for one that has none. */
    public long update(Sql sql) throws SQLException {
        requirePinned(sql);
        return awaiting(() -> send(sql));
    }

    private long send(Sql sql) throws SQLException {
        List<Object> values = sql.values();
        if (values.isEmpty()) {
            // A plain statement: a question mark in the text (jsonb's operators, a quoted name) is only a question
            // mark.
            try (Statement statement = connection.createStatement()) {
                statement.setEscapeProcessing(false);
                return statement.execute(sql.text()) ? 0 : Math.max(0, statement.getLargeUpdateCount());
            }
        }
        try (PreparedStatement statement = prepare(sql)) {
            return statement.execute() ? 0 : Math.max(0, statement.getLargeUpdateCount());
        }
    }

    /**
     * Runs statements in order, as they are printed. They go to the server together: under a lock, a round trip for
     * each of some hundred statements would take most of the time.
     */
    public void updateAll(List<Sql> statements) throws SQLException {
        if (!statements.isEmpty()) {
            update(Sql.raw(Sql.script(statements)));
        }
    }

    /**
     * Sends what {@code COPY … TO STDOUT} gives to {@code out} as it comes, and gives the number of rows.
     *
     * @throws UncheckedIOException if {@code out} fails; the statement runs to its end all the same
     */
    public long copyOut(Sql copy, OutputStream out) throws SQLException {
        requirePinned(copy);
        return awaiting(() -> {
            try {
                return RowStream.of(connection).out(copy.script(), out);
            } catch (IOException e) {
                throw new UncheckedIOException(e);
            }
        });
    }

    /**
     * Runs {@code COPY … FROM STDIN} with what {@code in} has, and gives the number of rows.
     *
     * @throws UncheckedIOException if {@code in} fails; the statement is cancelled then, and its transaction has failed
     */
    public long copyIn(Sql copy, InputStream in) throws SQLException {
        requirePinned(copy);
        return awaiting(() -> {
            try {
                return RowStream.of(connection).in(copy.script(), in);
            } catch (IOException e) {
                throw new UncheckedIOException(e);
            }
        });
    }

    /** All rows of a query that gives only a few. */
    public <T> List<T> query(Sql sql, RowMapper<T> mapper) throws SQLException {
        requirePinned(sql);
        return awaiting(() -> record == null ? ask(sql, mapper) : askRecorded(sql, mapper));
    }

    private <T> List<T> ask(Sql sql, RowMapper<T> mapper) throws SQLException {
        List<T> rows = new ArrayList<>();
        if (sql.values().isEmpty()) {
            try (Statement statement = connection.createStatement()) {
                statement.setEscapeProcessing(false);
                try (ResultSet row = statement.executeQuery(sql.text())) {
                    while (row.next()) {
                        rows.add(mapper.map(row));
                    }
                }
            }
        } else {
            try (PreparedStatement statement = prepare(sql);
                    ResultSet row = statement.executeQuery()) {
                while (row.next()) {
                    rows.add(mapper.map(row));
                }
            }
        }
        return rows;
    }

    /** Asks with literals, as {@link #queryAll} does: a driver shows some values of prepared statements differently. */
    private <T> List<T> askRecorded(Sql sql, RowMapper<T> mapper) throws SQLException {
        List<T> rows = new ArrayList<>();
        List<List<String>> answer = new ArrayList<>();
        try (Statement statement = connection.createStatement()) {
            statement.setEscapeProcessing(false);
            try (ResultSet row = statement.executeQuery(sql.script())) {
                while (row.next()) {
                    answer.add(texts(row));
                    rows.add(mapper.map(row));
                }
            }
        }
        record.add(sql, answer);
        return rows;
    }

    /**
     * The rows of several queries, as texts, in one round trip to the server. Statements that give no rows may be among
     * the queries; these have no answer.
     */
    public List<List<List<String>>> queryAll(List<Sql> queries) throws SQLException {
        queries.forEach(this::requirePinned);
        return awaiting(() -> askAll(queries));
    }

    private List<List<List<String>>> askAll(List<Sql> queries) throws SQLException {
        List<List<List<String>>> answers = new ArrayList<>();
        try (Statement statement = connection.createStatement()) {
            statement.setEscapeProcessing(false);
            boolean hasRows = statement.execute(Sql.script(queries));
            while (hasRows || statement.getUpdateCount() != -1) {
                if (hasRows) {
                    List<List<String>> rows = new ArrayList<>();
                    try (ResultSet row = statement.getResultSet()) {
                        while (row.next()) {
                            rows.add(texts(row));
                        }
                    }
                    answers.add(rows);
                }
                hasRows = statement.getMoreResults();
            }
        }
        return answers;
    }

    private static List<String> texts(ResultSet row) throws SQLException {
        List<String> texts = new ArrayList<>();
        for (int column = 1; column <= row.getMetaData().getColumnCount(); column++) {
            texts.add(row.getString(column));
        }
        return texts;
    }

    /**
     * Runs {@code work} and records every query that it asks, with the answer. The result of {@code work} still holds
     * as long as {@link Answers#stillHold the answers are the same}.
     */
    public <T> Answers.Of<T> recorded(Work<T> work) throws SQLException {
        if (record != null) {
            throw new IllegalStateException("Answers are being written down already.");
        }
        record = new Answers.Record();
        try {
            return new Answers.Of<>(work.run(), record.answers());
        } finally {
            record = null;
        }
    }

    /** Runs {@code work} without recording its questions, for questions whose answers decide nothing. */
    public <T> T aside(Work<T> work) throws SQLException {
        Answers.Record suspended = record;
        record = null;
        try {
            return work.run();
        } finally {
            record = suspended;
        }
    }

    /** The first row of a query; empty if it has none. */
    public <T> Optional<T> queryFirst(Sql sql, RowMapper<T> mapper) throws SQLException {
        return query(sql, mapper).stream().findFirst();
    }

    /** The first column of the first row as a number; 0 if that is NULL. */
    public long queryLong(Sql sql) throws SQLException {
        return queryFirst(sql, row -> row.getLong(1))
                .orElseThrow(() -> new SQLException("The query gave no row: " + sql));
    }

    /** The first column of the first row as a truth value; false if that is NULL or there is no row. */
    public boolean queryBoolean(Sql sql) throws SQLException {
        return queryFirst(sql, row -> row.getBoolean(1)).orElse(false);
    }

    /** The first column of every row as text. */
    public List<String> queryStrings(Sql sql) throws SQLException {
        return query(sql, row -> row.getString(1));
    }

    private PreparedStatement prepare(Sql sql) throws SQLException {
        PreparedStatement statement = connection.prepareStatement(sql.text());
        try {
            int index = 0;
            for (Object value : sql.values()) {
                index++;
                if (value instanceof TupleId) {
                    // Sent without a type, so that the server reads it as the tid that the comparison requires.
                    statement.setObject(index, value.toString(), Types.OTHER);
                } else if (value instanceof String[] texts) {
                    statement.setArray(index, connection.createArrayOf("text", texts));
                } else {
                    statement.setObject(index, value);
                }
            }
            return statement;
        } catch (SQLException | RuntimeException e) {
            statement.close();
            throw e;
        }
    }
}
