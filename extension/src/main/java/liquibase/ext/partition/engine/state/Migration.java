package liquibase.ext.partition.engine.state;

import java.util.List;
import java.util.Optional;
import liquibase.ext.partition.engine.PartitionException;
import liquibase.ext.partition.engine.catalog.Table;
import liquibase.ext.partition.engine.newtable.NewTableSpec;
import liquibase.ext.partition.engine.sql.Identifier;
import liquibase.ext.partition.engine.sql.QualifiedName;

/**
 * One row of {@code partition_migration}.
 *
 * @param spec the new table as it was requested when it was made
 * @param sourceOid the table that is, or was, the source; after the swap it is the backup
 * @param newOid the partitioned table
 * @param deltaTableName set by {@code captureChanges}
 * @param keyColumns set by {@code captureChanges}; empty before
 * @param plan the copy's plan, set when the copy begins
 * @param restarting whether a later step has started the copy over and not compared it yet
 * @param backupTableName set by {@code lockedSwap}
 * @param verifiedDifferences how many keys differed when source and new table were last compared; empty if they never
 *     were
 * @param backupVerification the last comparison of the backup with the live table; empty if there was none since the
 *     swap
 * @param exchange if it is given, the source is a partition that others take the place of, or the first of several
 */
public record Migration(
        long id,
        NewTableSpec spec,
        Phase phase,
        long sourceOid,
        long newOid,
        Optional<Identifier> deltaTableName,
        List<Identifier> keyColumns,
        Optional<CopyPlan> plan,
        boolean restarting,
        Optional<Identifier> backupTableName,
        Optional<Long> verifiedDifferences,
        Optional<BackupVerification> backupVerification,
        Optional<Exchange> exchange) {

    /**
     * The exchange of partitions. The new table is a staging table, whose partitions become those of the parent. If
     * several partitions leave together, the staging table has them from then on, each under the name of its backup;
     * one alone becomes a table of its own.
     *
     * @param parentOid the partitioned table
     * @param parent its present name; empty if it is gone
     * @param leaving the partitions that leave, in the order of their bounds; the first is the source
     * @param partitions the oids of the partitions that take their place
     */
    public record Exchange(
            long parentOid, Optional<QualifiedName> parent, List<Leaving> leaving, List<Long> partitions) {
        /** The bound of a default partition. */
        public static final String DEFAULT = "DEFAULT";

        public Exchange {
            leaving = List.copyOf(leaving);
            partitions = List.copyOf(partitions);
        }

        public boolean isOfDefault() {
            return leaving.get(0).bound().equals(DEFAULT);
        }

        public boolean isOfSeveral() {
            return leaving.size() > 1;
        }

        /** The oids of the partitions that leave. */
        public List<Long> left() {
            return leaving.stream().map(Leaving::oid).toList();
        }
    }

    /**
     * A partition that leaves.
     *
     * @param name the name that it had when the exchange began
     * @param bound as {@code ATTACH PARTITION} takes it
     * @param present its present name; empty if it is gone
     */
    public record Leaving(long oid, QualifiedName name, String bound, Optional<QualifiedName> present) {}

    /**
     * Everything that the chunks of a copy rest on.
     *
     * @param blocks the source's size in heap blocks when the plan was made, after capture had committed
     * @param filenode the source's file; if it changes, the rows have moved and the plan is void
     * @param columnFingerprint the source's columns; if they change, the statement that copies is void
     * @param heaps if several partitions leave together, the heaps that {@code blocks} counts, one after the other; the
     *     plan has no {@code filenode} of its own then
     */
    public record CopyPlan(long blocks, long filenode, String columnFingerprint, List<HeapPlan> heaps) {
        public CopyPlan {
            heaps = List.copyOf(heaps);
        }
    }

    /** The part of a plan that one heap of several has. */
    public record HeapPlan(long oid, long blocks, long filenode) {}

    /**
     * @param differences how many keys differed
     * @param ageSeconds how long ago the comparison ended, by the server's clock
     */
    public record BackupVerification(long differences, long ageSeconds) {}

    /** The name that the application uses. */
    public QualifiedName source() {
        return spec.source();
    }

    /**
     * The table through which its rows are reached once it is swapped: the one that has the source's name then, or the
     * parent of the partition that was exchanged.
     *
     * @throws PartitionException when the parent is gone
     */
    public QualifiedName live() {
        return exchange.isEmpty()
                ? source()
                : exchange.get()
                        .parent()
                        .orElseThrow(() -> new PartitionException(
                                "The partitioned table that %s was a partition of is gone. Nothing was changed."
                                        .formatted(source())));
    }

    /** Whether several partitions leave together. */
    public boolean isOfSeveral() {
        return exchange.filter(Exchange::isOfSeveral).isPresent();
    }

    /**
     * The table through which the rows that are copied are reached before the swap: the source, or the table whose
     * partitions leave together.
     *
     * @throws PartitionException when that table is gone
     */
    public QualifiedName origin() {
        return isOfSeveral() ? live() : source();
    }

    /**
     * The table that has the old rows after the swap: the backup, or the staging table, which has the partitions that
     * have left together.
     *
     * @throws IllegalStateException before the swap
     */
    public QualifiedName kept() {
        return isOfSeveral()
                ? newTable()
                : source().sibling(backupTableName.orElseThrow(
                        () -> new IllegalStateException(source() + " has no backup yet.")));
    }

    /**
     * The tables with the old rows, by their present names.
     *
     * @param alone the name of the only one, if it is not several partitions that leave
     */
    public List<QualifiedName> heaps(QualifiedName alone) {
        return isOfSeveral()
                ? exchange.orElseThrow().leaving().stream()
                        .flatMap(it -> it.present().stream())
                        .toList()
                : List.of(alone);
    }

    /** The oid of {@link #live}. */
    public long liveOid() {
        return exchange.map(Exchange::parentOid).orElse(newOid);
    }

    /** The partitioned table's own name before the swap. */
    public Identifier newTableName() {
        return spec.newTableName();
    }

    public QualifiedName newTable() {
        return spec.newTable();
    }

    /** The columns that decide a row's partition. */
    public List<Identifier> partitionColumns() {
        return spec.partitionKey().columns();
    }

    /**
     * Whether the migration has made the new table and that table still exists: before the swap as the new table, after
     * it as the source.
     *
     * @param table the table that has the source's name now
     * @param newTable the table that has the new table's name now; null if there is none
     */
    public boolean hasMadeItsTable(Table table, Table newTable) {
        // After a swap the name may have been given to another table since, which need not be partitioned.
        return phase.isAtLeast(Phase.SWAPPED) ? table.oid() == newOid : newTable != null && newTable.oid() == newOid;
    }

    /**
     * For operations that must not undo what a swap rests on.
     *
     * @param spared the part that is left as it is, as the first half of a sentence
     * @throws PartitionException once the swap is done
     */
    public void requireNotSwapped(String spared) {
        if (phase.isAtLeast(Phase.SWAPPED)) {
            throw new PartitionException(
                    "%s, since %s is the partitioned table now. Nothing was changed. Roll back the swap first; if Liquibase has no record of it, because it was killed right after, run update with -DswapApproved=%s before: that only writes the record."
                            .formatted(spared, source(), source().name()));
        }
    }

    /** The delta table. @throws IllegalStateException before {@code captureChanges} */
    public QualifiedName delta() {
        return source().sibling(deltaTableName.orElseThrow(
                () -> new IllegalStateException("Changes of " + source() + " are not captured yet.")));
    }
}
