package liquibase.ext.partition.engine.survey.sample;

import java.sql.SQLException;
import java.time.Duration;
import java.util.Optional;
import liquibase.ext.partition.engine.sql.Session;
import liquibase.ext.partition.engine.sql.Sql;
import liquibase.ext.partition.engine.sql.SqlState;

/**
 * Reads rows for no longer than a limit, and either all of them or none: if row level security would hide some, nothing
 * is read.
 *
 * <p>Transaction: one of its own, or a part of the caller's that is rolled back. So neither a failure, nor a setting,
 * nor the lock, ACCESS SHARE on what is read, outlives it. Nothing can be written in it, not even by a user's function.
 */
public final class LimitedReading {
    private static final Sql BEGIN = Sql.of("SAVEPOINT limited_reading");
    private static final Sql READ_ONLY = Sql.of("SET TRANSACTION READ ONLY");
    private static final Sql BACK = Sql.of("ROLLBACK TO SAVEPOINT limited_reading");
    private static final Sql END = Sql.of("RELEASE SAVEPOINT limited_reading");

    private static final Sql LIMIT = Sql.of("""
            SELECT pg_catalog.set_config('statement_timeout', {milliseconds}, true), pg_catalog.set_config('row_security', 'off', true)""");

    private final Session session;
    private final Duration limit;

    /** @param limit the time limit of each statement */
    public LimitedReading(Session session, Duration limit) {
        this.session = session;
        this.limit = limit;
    }

    /**
     * The result of a reading.
     *
     * @param value the value; empty if reading took too long or is not allowed
     * @param why why the value is empty, as a phrase; null if it is not
     */
    public record Result<T>(Optional<T> value, String why) {
        /** A result without a value. */
        public static <T> Result<T> none(String why) {
            return new Result<>(Optional.empty(), why);
        }
    }

    /**
     * @param what the thing that is read, for the phrase: {@code all rows}
     * @throws SQLException for any failure except those that a result can describe
     */
    public <T> Result<T> run(String what, Session.Work<T> work) throws SQLException {
        return session.inTransaction(() -> {
            session.update(BEGIN);
            long begun = System.nanoTime();
            Result<T> result;
            try {
                session.update(READ_ONLY);
                session.queryStrings(LIMIT.with("milliseconds", Long.toString(limit.toMillis())));
                begun = System.nanoTime();
                result = new Result<>(Optional.of(work.run()), null);
            } catch (SQLException e) {
                takeBack(e);
                return Result.none(why(what, e, System.nanoTime() - begun));
            }
            session.update(BACK);
            session.update(END);
            return result;
        });
    }

    private void takeBack(SQLException failure) throws SQLException {
        try {
            session.update(BACK);
            session.update(END);
        } catch (SQLException suppressed) {
            // The connection is gone; only the reason matters.
            failure.addSuppressed(suppressed);
            throw failure;
        }
    }

    /** Somebody who cancels a statement before its time wants everything to end. */
    private String why(String what, SQLException e, long nanos) throws SQLException {
        if (SqlState.QUERY_CANCELED.matches(e) && nanos >= limit.toNanos()) {
            return "reading %s takes longer than %d s".formatted(what, limit.toSeconds());
        }
        if (SqlState.INSUFFICIENT_PRIVILEGE.matches(e)) {
            return "this role may not read the table, or not all of its rows";
        }
        throw e;
    }
}
