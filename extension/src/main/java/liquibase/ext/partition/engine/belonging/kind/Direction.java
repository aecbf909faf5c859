package liquibase.ext.partition.engine.belonging.kind;

/** Which of its two tables a switch gives the live name. */
public enum Direction {
    /** The partitioned table gets it, and the source becomes the backup: the swap. */
    THERE,
    /** The backup gets it back from the partitioned table: the reverse swap. */
    BACK
}
