package liquibase.ext.partition.attribute;

import java.util.Set;

/**
 * The steps that have settings: the change types, and the preconditions that do work of their own. In the order in
 * which a table passes them; a partition passes the last two in place of the first and of the swap.
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
    DROP_BACKUP("dropBackup"),
    ADD_PARTITIONS("addPartitions"),
    RETIRE_PARTITIONS("retirePartitions"),
    DROP_RETIRED_PARTITIONS("dropRetiredPartitions"),
    PREPARE_EXCHANGE("prepareExchange"),
    EXCHANGE_PARTITIONS("exchangePartitions");

    /** The steps that may work for hours, piece by piece. */
    static final Set<StepName> LONG =
            Set.of(CHUNKED_COPY, BUILD_INDEXES, REPLAY_CHANGES, VERIFY_COPY, APPROVED, BACKUP_VERIFIED, DROP_BACKUP);

    /** The steps that ask for locks that writers feel. */
    static final Set<StepName> LOCKING = Set.of(
            CAPTURE_CHANGES,
            LOCKED_SWAP,
            EXCHANGE_PARTITIONS,
            DROP_BACKUP,
            ADD_PARTITIONS,
            RETIRE_PARTITIONS,
            DROP_RETIRED_PARTITIONS);

    private final String elementName;

    StepName(String elementName) {
        this.elementName = elementName;
    }

    /** The name of its element in a changelog. */
    public String elementName() {
        return elementName;
    }
}
