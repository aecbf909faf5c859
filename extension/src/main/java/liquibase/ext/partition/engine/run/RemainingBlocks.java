package liquibase.ext.partition.engine.run;

import java.time.Duration;
import java.util.ArrayDeque;
import java.util.Collection;
import java.util.Deque;
import java.util.Optional;
import java.util.function.Supplier;
import liquibase.ext.partition.engine.pace.ChunkSize;
import liquibase.ext.partition.engine.state.Chunk;

/**
 * Cuts chunks from the blocks of a table that are left, from front to back, each of the size that is right at that
 * moment. A block is handed out once, unless it is {@linkplain #putBack put back}. Thread-safe.
 */
public final class RemainingBlocks implements Items<Chunk> {
    private final ChunkSize size;
    private final Supplier<Duration> chunkTime;
    private final Deque<Chunk> gaps;
    private long left;

    /**
     * @param gaps the ranges that are left, without overlaps
     * @param chunkTime how long a chunk should take at the moment
     */
    public RemainingBlocks(Collection<Chunk> gaps, ChunkSize size, Supplier<Duration> chunkTime) {
        this.gaps = new ArrayDeque<>(gaps);
        this.size = size;
        this.chunkTime = chunkTime;
        this.left = sum(gaps);
    }

    @Override
    public Optional<Chunk> next() {
        long wanted = size.next(chunkTime.get());
        synchronized (this) {
            Chunk gap = gaps.poll();
            if (gap == null) {
                return Optional.empty();
            }
            Chunk chunk = new Chunk(gap.from(), Math.min(gap.to(), gap.from() + wanted));
            if (chunk.to() < gap.to()) {
                gaps.addFirst(new Chunk(chunk.to(), gap.to()));
            }
            left -= chunk.blocks();
            return Optional.of(chunk);
        }
    }

    /** Takes back blocks that were handed out and not finished. */
    public synchronized void putBack(Collection<Chunk> undone) {
        undone.forEach(gaps::addFirst);
        left += sum(undone);
    }

    /** In blocks. */
    @Override
    public synchronized long left() {
        return left;
    }

    @Override
    public String unit() {
        return "blocks";
    }

    private static long sum(Collection<Chunk> gaps) {
        return gaps.stream().mapToLong(Chunk::blocks).sum();
    }
}
