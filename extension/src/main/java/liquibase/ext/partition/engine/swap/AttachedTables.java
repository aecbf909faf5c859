package liquibase.ext.partition.engine.swap;

import java.sql.SQLException;
import java.util.Set;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import liquibase.ext.partition.engine.PartitionException;
import liquibase.ext.partition.engine.catalog.TableReader;
import liquibase.ext.partition.engine.delta.Replay;
import liquibase.ext.partition.engine.run.StepRun;
import liquibase.ext.partition.engine.sql.QualifiedName;
import liquibase.ext.partition.engine.state.Migration;
import liquibase.ext.partition.engine.target.Partition;

/**
 * The partitions of the live table that the migration has not made. What is written through the live table is captured, into
 * whatever partition. The rows that a table had when it was attached are not: they would stay behind in a reverse swap, and go with the
 * new table when that is dropped.
 */
final class AttachedTables {
    private final StepRun run;
    private final Migration migration;
    private final Replay replay;

    /** Ours, and those that were looked into: from then on they are captured. */
    private final Set<QualifiedName> harmless;

    /** @param replay from the live table to the backup */
    AttachedTables(StepRun run, Migration migration, Replay replay) {
        this.run = run;
        this.migration = migration;
        this.replay = replay;
        this.harmless = Stream.concat(
                        migration.spec().layout().partitions().stream().map(Partition::name),
                        Stream.of(migration.spec().layout().defaultPartition()))
                .map(migration.source()::sibling)
                .collect(Collectors.toSet());
    }

    /**
     * Reads each of them once, to its end where it has no such row.
     *
     * @throws PartitionException naming the first that has rows which the backup has not, nor the delta table
     */
    void requireNoneWithRowsOfItsOwn() throws SQLException {
        for (QualifiedName partition : new TableReader(run.session()).partitions(run.source())) {
            if (harmless.contains(partition)) {
                continue;
            }
            if (replay.missesARowOf(run.session(), partition)) {
                throw new PartitionException(
                        "%s has rows that the backup has not, and that were not written through %s: it was a table with rows when it was made a partition. A rollback would lose them. Nothing was renamed. Have them captured (UPDATE %s SET %s = %s), or take the partition out (ALTER TABLE %s DETACH PARTITION %s), then roll back again."
                                .formatted(
                                        partition,
                                        run.source(),
                                        partition.quoted(),
                                        migration.keyColumns().get(0).quoted(),
                                        migration.keyColumns().get(0).quoted(),
                                        run.source().quoted(),
                                        partition.quoted()));
            }
            harmless.add(partition);
        }
    }
}
