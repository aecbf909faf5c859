package liquibase.ext.partition.engine.copy;

import java.sql.SQLException;
import java.util.ArrayList;
import java.util.List;
import liquibase.ext.partition.engine.PartitionException;
import liquibase.ext.partition.engine.catalog.Heap;
import liquibase.ext.partition.engine.catalog.Table;
import liquibase.ext.partition.engine.sql.QualifiedName;
import liquibase.ext.partition.engine.sql.Session;
import liquibase.ext.partition.engine.sql.Sql;
import liquibase.ext.partition.engine.state.Checkpoints;
import liquibase.ext.partition.engine.state.Chunk;
import liquibase.ext.partition.engine.state.Migration;
import liquibase.ext.partition.engine.state.Migration.CopyPlan;
import liquibase.ext.partition.engine.state.Migration.HeapPlan;
import liquibase.ext.partition.engine.state.Migration.Leaving;

/**
 * The heaps that a copy reads: that of the source or, if several partitions are exchanged together, theirs. Their
 * blocks are counted through, one heap after the other, so that a chunk is a range of blocks as ever, and no chunk
 * reaches from one heap into the next. The size that a heap had in the plan keeps its place in this count: a heap that
 * grows gets only blocks whose rows the delta table names.
 */
final class SourceHeaps {
    private static final Sql FILENODE =
            Sql.of("SELECT pg_catalog.pg_relation_filenode(c.oid) FROM pg_catalog.pg_class AS c WHERE c.oid = {oid}");

    private static final Sql STILL_HOLDS = Sql.of("""
            SELECT pg_catalog.pg_relation_filenode(c.oid) = {filenode}
            FROM pg_catalog.pg_class AS c WHERE c.oid = {oid}""");

    /** One of them, with its blocks in the count. */
    private record One(QualifiedName table, long oid, long filenode, Chunk blocks) {}

    /**
     * A chunk in the heap that it belongs to.
     *
     * @param inHeap its blocks as that heap counts them
     */
    record Place(QualifiedName table, long oid, long filenode, Chunk inHeap) {}

    private final List<One> heaps;

    private SourceHeaps(List<One> heaps) {
        this.heaps = heaps;
    }

    /** The plan of a copy that begins now. */
    static CopyPlan plan(Session session, Migration migration, Table source) throws SQLException {
        if (!migration.isOfSeveral()) {
            return new CopyPlan(
                    Heap.blocks(session, source.name()), source.filenode(), source.columnFingerprint(), List.of());
        }
        List<HeapPlan> plans = new ArrayList<>();
        for (Leaving leaving : migration.exchange().orElseThrow().leaving()) {
            QualifiedName table = present(leaving);
            // The file comes first: a rewrite in between is noticed then, and the plan is void.
            long filenode = session.queryLong(FILENODE.with("oid", leaving.oid()));
            plans.add(new HeapPlan(leaving.oid(), Heap.blocks(session, table), filenode));
        }
        return new CopyPlan(plans.stream().mapToLong(HeapPlan::blocks).sum(), 0, source.columnFingerprint(), plans);
    }

    static SourceHeaps of(Migration migration, QualifiedName source, CopyPlan plan) {
        List<One> heaps = new ArrayList<>();
        if (plan.heaps().isEmpty()) {
            add(heaps, source, new HeapPlan(migration.sourceOid(), plan.blocks(), plan.filenode()));
        }
        for (HeapPlan heap : plan.heaps()) {
            Leaving leaving = migration.exchange().orElseThrow().leaving().stream()
                    .filter(it -> it.oid() == heap.oid())
                    .findFirst()
                    .orElseThrow();
            add(heaps, present(leaving), heap);
        }
        return new SourceHeaps(heaps);
    }

    private static void add(List<One> heaps, QualifiedName table, HeapPlan plan) {
        if (plan.blocks() > 0) {
            long first =
                    heaps.isEmpty() ? 0 : heaps.get(heaps.size() - 1).blocks().to();
            heaps.add(new One(table, plan.oid(), plan.filenode(), new Chunk(first, first + plan.blocks())));
        }
    }

    private static QualifiedName present(Leaving leaving) {
        return leaving.present()
                .orElseThrow(() -> new PartitionException(
                        "%s is gone, although it is being exchanged. Nothing was copied now. Roll back to before the exchange, and begin again."
                                .formatted(leaving.name())));
    }

    /** Whether none was rewritten since the plan was made. Asked of all, also of those without a block. */
    static boolean areSame(Session session, Migration migration, CopyPlan plan) throws SQLException {
        if (plan.heaps().isEmpty()) {
            return isSame(session, migration.sourceOid(), plan.filenode());
        }
        for (HeapPlan heap : plan.heaps()) {
            if (!isSame(session, heap.oid(), heap.filenode())) {
                return false;
            }
        }
        return true;
    }

    /** Whether the heap of a chunk was not rewritten since the plan was made. */
    static boolean isSame(Session session, Place place) throws SQLException {
        return isSame(session, place.oid(), place.filenode());
    }

    private static boolean isSame(Session session, long oid, long filenode) throws SQLException {
        return session.queryBoolean(STILL_HOLDS.with("filenode", filenode).with("oid", oid));
    }

    /** The blocks that are in no finished chunk, heap by heap. */
    List<Chunk> missing(Checkpoints checkpoints) throws SQLException {
        List<Chunk> missing = new ArrayList<>();
        for (One heap : heaps) {
            missing.addAll(checkpoints.missing(heap.blocks()));
        }
        return missing;
    }

    /** Where a chunk of one of the {@linkplain #missing missing} ranges is. */
    Place place(Chunk chunk) {
        One heap = heaps.stream()
                .filter(it -> it.blocks().from() <= chunk.from()
                        && chunk.to() <= it.blocks().to())
                .findFirst()
                .orElseThrow();
        long first = heap.blocks().from();
        return new Place(
                heap.table(), heap.oid(), heap.filenode(), new Chunk(chunk.from() - first, chunk.to() - first));
    }
}
