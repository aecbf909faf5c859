package liquibase.ext.partition.attribute;

/**
 * What has settings: the change types, and the preconditions that do work of their own. In the order in which a table
 * passes them.
 */
public enum StepName {
    CREATE_PARTITIONED_TABLE("createPartitionedTable"),
    CAPTURE_CHANGES("captureChanges"),
    CHUNKED_COPY("chunkedCopy"),
    BUILD_INDEXES("buildIndexes"),
    REPLAY_CHANGES("replayChanges"),
    VERIFY_COPY("verifyCopy"),
    APPROVED("approved"),
    LOCKED_SWAP("lockedSwap"),
    BACKUP_VERIFIED("backupVerified"),
    DROP_BACKUP("dropBackup");

    private final String elementName;

    StepName(String elementName) {
        this.elementName = elementName;
    }

    /** As it is written in a changelog. */
    public String elementName() {
        return elementName;
    }
}
