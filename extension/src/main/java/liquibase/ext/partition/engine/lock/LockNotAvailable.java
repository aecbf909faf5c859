package liquibase.ext.partition.engine.lock;

import liquibase.ext.partition.engine.PartitionException;

/** A lock was not granted within the lock policy. Nothing that needed it was done. */
public class LockNotAvailable extends PartitionException {
    private static final long serialVersionUID = 1L;

    public LockNotAvailable(String message, Throwable cause) {
        super(message, cause);
    }
}
