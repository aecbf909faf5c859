package liquibase.ext.partition.generator.inspect;

/** A table that cannot be partitioned, or does not exist. The message says why, and what to do. Nothing was changed. */
public final class UnsuitableTableException extends Exception {
    private static final long serialVersionUID = 1L;

    UnsuitableTableException(String message) {
        super(message);
    }
}
