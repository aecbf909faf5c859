package liquibase.ext.partition.generator.inspect;

import java.sql.SQLException;
import java.time.Duration;
import java.util.Optional;
import liquibase.ext.partition.engine.sql.Session;
import liquibase.ext.partition.engine.sql.Sql;
import liquibase.ext.partition.engine.sql.SqlState;

/** Reads rows for no longer than a limit, in a transaction of its own. */
final class LimitedReading {
    private static final Sql LIMIT = Sql.of("SELECT pg_catalog.set_config('statement_timeout', {milliseconds}, true)");

    /** query_canceled: what a statement ends with that reaches statement_timeout. */
    private static final String QUERY_CANCELED = "57014";

    private final Session session;
    private final Duration limit;

    LimitedReading(Session session, Duration limit) {
        this.session = session;
        this.limit = limit;
    }

    /**
     * What was read.
     *
     * @param value empty where reading took too long or is not allowed
     * @param why it is empty, a phrase; null where it is not
     */
    record Result<T>(Optional<T> value, String why) {}

    /**
     * @param what is read, for the phrase: {@code all rows}
     * @throws SQLException for any failure but those that a result can tell
     */
    <T> Result<T> run(String what, Session.Work<T> work) throws SQLException {
        try {
            return new Result<>(
                    Optional.of(session.inTransaction(() -> {
                        session.queryStrings(LIMIT.with("milliseconds", Long.toString(limit.toMillis())));
                        return work.run();
                    })),
                    null);
        } catch (SQLException e) {
            if (QUERY_CANCELED.equals(e.getSQLState())) {
                return new Result<>(
                        Optional.empty(), "reading %s takes longer than %d s".formatted(what, limit.toSeconds()));
            }
            if (SqlState.INSUFFICIENT_PRIVILEGE.matches(e)) {
                return new Result<>(Optional.empty(), "this role may not read the table");
            }
            throw e;
        }
    }
}
