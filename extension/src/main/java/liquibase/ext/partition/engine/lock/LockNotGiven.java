package liquibase.ext.partition.engine.lock;

import java.sql.SQLException;
import java.util.Optional;

/** A lock was not granted in time. Says which lock, so that {@link LockPolicy} can find out who holds it. */
public final class LockNotGiven extends SQLException {
    private static final long serialVersionUID = 1L;

    private final transient Lock lock;

    /** @param lock null if it is unknown */
    private LockNotGiven(Lock lock, SQLException cause) {
        super(cause.getMessage(), cause.getSQLState(), cause);
        this.lock = lock;
    }

    static LockNotGiven of(Lock lock, SQLException cause) {
        return new LockNotGiven(lock, cause);
    }

    /** For a statement that does something else and needs a lock besides those that were taken before. */
    public static LockNotGiven ofAnotherLock(SQLException cause) {
        return new LockNotGiven(null, cause);
    }

    Optional<Lock> lock() {
        return Optional.ofNullable(lock);
    }
}
