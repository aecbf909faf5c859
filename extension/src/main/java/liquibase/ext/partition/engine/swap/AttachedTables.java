package liquibase.ext.partition.engine.swap;

import java.sql.SQLException;
import java.util.HashSet;
import java.util.Set;
import liquibase.ext.partition.engine.PartitionException;
import liquibase.ext.partition.engine.delta.KnownPartitions;
import liquibase.ext.partition.engine.delta.KnownPartitions.ChangedPartition;
import liquibase.ext.partition.engine.delta.KnownPartitions.What;
import liquibase.ext.partition.engine.delta.replay.Replay;
import liquibase.ext.partition.engine.run.StepRun;
import liquibase.ext.partition.engine.state.Migration;
import liquibase.ext.partition.engine.verify.BackupDifference;

/**
 * The partitions of the live table that were not there at the swap, whatever their names. Writes to them are captured
 * while they are partitions. Rows that a table already had when it was attached are not: they would stay behind in a
 * reverse swap, and go with the new table when that is dropped.
 *
 * <p>Such a row is harmless in two cases only. Either its key and partition-key value are in the delta table, so that
 * the replay looks for it there; or the backup has the same row, and then no replay takes that one away. It is not
 * enough that the backup or the delta table knows the key: rows that were taken out of the default partition and mended
 * come back under the same keys, with other values or another date.
 */
final class AttachedTables {
    private final StepRun run;
    private final Migration migration;
    private final Replay replay;

    /** Partitions that were looked into, by what identifies them: writes to them are captured from then on. */
    private final Set<String> harmless = new HashSet<>();

    /** @param replay the replay from the live table to the backup */
    AttachedTables(StepRun run, Migration migration, Replay replay) {
        this.run = run;
        this.migration = migration;
        this.replay = replay;
    }

    /**
     * Reads each partition once; to its end if it has no row of its own.
     *
     * @throws PartitionException naming the first partition that has rows of its own
     */
    void requireNoneWithRowsOfItsOwn() throws SQLException {
        for (ChangedPartition partition : KnownPartitions.changedSinceSwap(run, migration)) {
            if (partition.what() != What.ADDED || harmless.contains(partition.identity())) {
                continue;
            }
            if (replay.missesARowOf(run.session(), partition.name())) {
                throw new PartitionException(
                        "%s has rows that the backup has not, or not so, and that were not written through %s: it was a table with rows when it was made a partition. A rollback would lose them. Nothing was renamed. Have them captured, then roll back again: %s"
                                .formatted(
                                        partition.name(),
                                        run.source(),
                                        BackupDifference.captureStatement(replay.capture(), partition.name())));
            }
            harmless.add(partition.identity());
        }
    }
}
