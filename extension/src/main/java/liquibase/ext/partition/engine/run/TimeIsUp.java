package liquibase.ext.partition.engine.run;

import liquibase.ext.partition.engine.PartitionException;

/** {@code maxDuration} has passed. What is done is kept; the step goes on when it is run again. */
public class TimeIsUp extends PartitionException {
    private static final long serialVersionUID = 1L;

    public TimeIsUp(String message) {
        super(message);
    }
}
