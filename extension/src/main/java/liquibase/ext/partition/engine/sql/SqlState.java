package liquibase.ext.partition.engine.sql;

import java.sql.SQLException;

/**
 * The SQLSTATEs by which the engine decides. Never the text of a message: that is translated, and changes.
 *
 * @see <a href="https://www.postgresql.org/docs/current/errcodes-appendix.html">PostgreSQL error codes</a>
 */
public enum SqlState {
    LOCK_NOT_AVAILABLE("55P03"),
    DEADLOCK_DETECTED("40P01"),
    UNIQUE_VIOLATION("23505"),
    INSUFFICIENT_PRIVILEGE("42501"),
    UNDEFINED_TABLE("42P01");

    private final String code;

    SqlState(String code) {
        this.code = code;
    }

    public String code() {
        return code;
    }

    /** Whether an expression could not be evaluated: a data exception (class 22), or what a function raised (class P0). */
    public static boolean isFailedExpression(SQLException e) {
        String state = e.getSQLState();
        return state != null && (state.startsWith("22") || state.startsWith("P0"));
    }

    /** Whether {@code e} was raised with this state. */
    public boolean matches(SQLException e) {
        return code.equals(e.getSQLState());
    }
}
