package liquibase.ext.partition.engine.run;

import java.sql.SQLException;
import java.util.Optional;

/** A lock was not given in time, and which one, so that {@link LockPolicy} can ask who holds it. */
public final class LockNotGiven extends SQLException {
    private static final long serialVersionUID = 1L;

    private final transient Lock lock;

    /** @param lock null where it is not known */
    private LockNotGiven(Lock lock, SQLException cause) {
        super(cause.getMessage(), cause.getSQLState(), cause);
        this.lock = lock;
    }

    static LockNotGiven of(Lock lock, SQLException cause) {
        return new LockNotGiven(lock, cause);
    }

    /** That of a statement which does something else and needs a lock beside those that were taken before. */
    public static LockNotGiven ofAnotherLock(SQLException cause) {
        return new LockNotGiven(null, cause);
    }

    Optional<Lock> lock() {
        return Optional.ofNullable(lock);
    }
}
