package liquibase.ext.partition.engine.sql;

import java.sql.SQLException;
import java.util.Optional;
import java.util.function.Predicate;
import java.util.regex.Pattern;

/**
 * The SQLSTATEs by which the engine decides. It never decides by the text of a message, which is translated and
 * changes.
 *
 * @see <a href="https://www.postgresql.org/docs/current/errcodes-appendix.html">PostgreSQL error codes</a>
 */
public enum SqlState {
    LOCK_NOT_AVAILABLE("55P03"),
    DEADLOCK_DETECTED("40P01"),
    SERIALIZATION_FAILURE("40001"),
    UNIQUE_VIOLATION("23505"),
    FOREIGN_KEY_VIOLATION("23503"),
    CHECK_VIOLATION("23514"),
    EXCLUSION_VIOLATION("23P01"),
    NOT_NULL_VIOLATION("23502"),
    INSUFFICIENT_PRIVILEGE("42501"),
    READ_ONLY("25006"),
    IN_FAILED_TRANSACTION("25P02"),
    CONNECTION_FAILURE("08006"),
    DISK_FULL("53100"),
    QUERY_CANCELED("57014"),
    UNDEFINED_TABLE("42P01"),
    DUPLICATE_RELATION("42P07"),
    DEPENDENT_OBJECTS("2BP01");

    private static final Pattern FAILED_EXPRESSION = Pattern.compile("(22|P0|21|0A)...|23514");

    /**
     * Class 08, and the states with which a server ends a session: shut down, crashed, starting up, idle for too long.
     */
    private static final Pattern CONNECTION_LOST = Pattern.compile("08...|57P0[1235]|25P03");

    private final String code;

    SqlState(String code) {
        this.code = code;
    }

    public String code() {
        return code;
    }

    /**
     * Whether an expression could not be evaluated: a data exception (class 22), an error that a function raised (P0),
     * a sub-select of several rows (21), NaN as an integer (0A), or a value that a domain refuses (23514, which other
     * checks have too).
     */
    public static boolean isFailedExpression(SQLException e) {
        String state = e.getSQLState();
        return state != null && FAILED_EXPRESSION.matcher(state).matches();
    }

    /** Whether a value is none of its type (class 22), or a constraint refuses the row (class 23). */
    public static boolean isRefusedRow(SQLException e) {
        String state = e.getSQLState();
        return state != null && (state.startsWith("22") || state.startsWith("23"));
    }

    /** Whether the session is gone, together with everything that it had not committed. */
    public static boolean isConnectionLost(SQLException e) {
        String state = e.getSQLState();
        return state != null && CONNECTION_LOST.matcher(state).matches();
    }

    /** The first match among {@code e} and its causes: Liquibase, and pools, wrap the driver's exceptions. */
    public static Optional<SQLException> cause(Throwable e, Predicate<SQLException> such) {
        for (Throwable cause = e; cause != null; cause = cause.getCause()) {
            if (cause instanceof SQLException sql && such.test(sql)) {
                return Optional.of(sql);
            }
        }
        return Optional.empty();
    }

    /**
     * The first line of the message of {@code e}. The server's further lines give the place in a statement or function.
     */
    public static String firstLine(SQLException e) {
        return e.getMessage() == null
                ? "SQLSTATE " + e.getSQLState()
                : e.getMessage().lines().findFirst().orElse("");
    }

    /** Class 53: no room on a disk, no memory, no free lock, too many connections, a limit of temporary files. */
    public static boolean isOutOfResources(SQLException e) {
        return e.getSQLState() != null && e.getSQLState().startsWith("53");
    }

    /** Whether a unique index, or an exclusion constraint, refused a row. */
    public static boolean isDuplicate(SQLException e) {
        return UNIQUE_VIOLATION.matches(e) || EXCLUSION_VIOLATION.matches(e);
    }

    /** Whether the same transaction may succeed if it runs again at once. */
    public static boolean isTransient(SQLException e) {
        return SERIALIZATION_FAILURE.matches(e) || DEADLOCK_DETECTED.matches(e);
    }

    /** Whether a lock was not granted in time, or giving it up was the only way to end a deadlock. */
    public static boolean isLockNotGiven(SQLException e) {
        return LOCK_NOT_AVAILABLE.matches(e) || DEADLOCK_DETECTED.matches(e);
    }

    /** Whether {@code e} was raised with this state. */
    public boolean matches(SQLException e) {
        return code.equals(e.getSQLState());
    }
}
