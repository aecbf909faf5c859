package liquibase.ext.partition.engine.lock;

import java.sql.SQLException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import liquibase.ext.partition.engine.sql.Session;
import liquibase.ext.partition.engine.sql.Sql;

/**
 * Lets statements that read rows under a lock take no longer than is left of an attempt at the lock. Only these are
 * limited, and not those that follow them, such as the commit.
 *
 * <p>Transaction: the caller's. A statement that takes longer fails with SQLSTATE 57014.
 *
 * @param attempt how long the attempt may take, from {@code began} on
 * @param began the {@link System#nanoTime} from which writers wait behind us
 * @param before the session's own {@code statement_timeout}, as the server writes it
 */
public record AttemptLimit(Duration attempt, long began, String before) {
    private static final Sql NOW = Sql.of("SELECT pg_catalog.current_setting('statement_timeout')");
    private static final Sql SET = Sql.of("SELECT pg_catalog.set_config('statement_timeout', {limit}, true)");

    /** The attempt begins now. Asks the server for its setting before anybody waits. */
    public static AttemptLimit begin(Session session, Duration attempt) throws SQLException {
        String before = session.queryStrings(NOW).get(0);
        return new AttemptLimit(attempt, System.nanoTime(), before);
    }

    /** The statement that limits those after it to what is left now. */
    public Sql set() {
        Duration left = attempt.minusNanos(System.nanoTime() - began);
        // Zero would mean no limit at all.
        return set(Math.max(1, left.toMillis()) + "ms");
    }

    /** The statement that ends the limit. */
    public Sql end() {
        return set(before);
    }

    /** The statements, limited. */
    public List<Sql> around(List<Sql> statements) {
        List<Sql> limited = new ArrayList<>(List.of(set()));
        limited.addAll(statements);
        limited.add(end());
        return limited;
    }

    /** The statement that sets a limit for the rest of the transaction. */
    public static Sql set(String limit) {
        return SET.with("limit", limit);
    }
}
