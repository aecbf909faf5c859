package liquibase.ext.partition.engine.pace;

import liquibase.ext.partition.engine.PartitionException;

/** {@code maxDuration} has passed. Finished work is kept, and the step goes on when it runs again. */
public class TimeIsUp extends PartitionException {
    private static final long serialVersionUID = 1L;

    public TimeIsUp(String message) {
        super(message);
    }
}
