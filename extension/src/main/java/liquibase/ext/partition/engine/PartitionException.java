package liquibase.ext.partition.engine;

/**
 * The work cannot go on. The message is for the person who runs the pipeline: what happened, what is unchanged, what to
 * do next.
 */
public class PartitionException extends RuntimeException {
    private static final long serialVersionUID = 1L;

    public PartitionException(String message) {
        super(message);
    }

    public PartitionException(String message, Throwable cause) {
        super(message, cause);
    }
}
