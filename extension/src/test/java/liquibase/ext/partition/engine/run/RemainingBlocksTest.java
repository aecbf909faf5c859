package liquibase.ext.partition.engine.run;

import static org.assertj.core.api.Assertions.assertThat;

import java.time.Duration;
import java.util.ArrayList;
import java.util.BitSet;
import java.util.Collection;
import java.util.List;
import java.util.Queue;
import java.util.Random;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.ThreadLocalRandom;
import liquibase.ext.partition.engine.pace.ChunkSize;
import liquibase.ext.partition.engine.state.Chunk;
import org.junit.jupiter.api.RepeatedTest;
import org.junit.jupiter.api.Test;

class RemainingBlocksTest {
    private static final Duration TARGET = Duration.ofSeconds(2);

    private static RemainingBlocks remaining(ChunkSize size, Chunk... gaps) {
        return new RemainingBlocks(List.of(gaps), size, () -> TARGET);
    }

    @Test
    void cutsTheGapsFrontToBack() {
        RemainingBlocks blocks = remaining(new ChunkSize(4, 4), new Chunk(0, 5), new Chunk(7, 8), new Chunk(20, 28));
        assertThat(blocks.left()).isEqualTo(14);

        List<Chunk> chunks = new ArrayList<>();
        for (var chunk = blocks.next(); chunk.isPresent(); chunk = blocks.next()) {
            chunks.add(chunk.get());
        }

        assertThat(chunks)
                .containsExactly(
                        new Chunk(0, 4), new Chunk(4, 5), new Chunk(7, 8), new Chunk(20, 24), new Chunk(24, 28));
        assertThat(blocks.left()).isZero();
        assertThat(remaining(new ChunkSize(4, 4)).next()).isEmpty();
    }

    /** Workers that take chunks of changing sizes, finish them in any order, and put back parts of some. */
    @RepeatedTest(50)
    void everyBlockIsDoneOnceWhateverTheSizesAndTheOrder() throws InterruptedException {
        long seed = ThreadLocalRandom.current().nextLong();
        Random random = new Random(seed);
        List<Chunk> gaps = new ArrayList<>();
        BitSet expected = new BitSet();
        for (int from = 0, i = 0; i < 20; i++) {
            int to = from + 1 + random.nextInt(2_000);
            gaps.add(new Chunk(from, to));
            expected.set(from, to);
            from = to + random.nextInt(50) + 1;
        }
        ChunkSize size = new ChunkSize(1, 300);
        RemainingBlocks remaining = new RemainingBlocks(gaps, size, () -> TARGET);
        Queue<Chunk> done = new ConcurrentLinkedQueue<>();
        List<Thread> workers = new ArrayList<>();
        for (int i = 0; i < 4; i++) {
            Random ofWorker = new Random(seed + 1 + i);
            Thread worker = new Thread(() -> work(remaining, size, done, ofWorker));
            worker.start();
            workers.add(worker);
        }
        for (Thread worker : workers) {
            worker.join();
        }
        assertThat(remaining.left()).isZero();
        assertThat(blocksOf(done)).as("seed %d", seed).isEqualTo(expected);
    }

    private static void work(RemainingBlocks remaining, ChunkSize size, Queue<Chunk> done, Random random) {
        for (var next = remaining.next(); next.isPresent(); next = remaining.next()) {
            Chunk chunk = next.get();
            size.took(chunk.blocks(), Duration.ofMillis(random.nextInt(10_000)));
            if (random.nextInt(10) > 0 || chunk.blocks() < 3) {
                done.add(chunk);
                continue;
            }
            // The middle turns out to be done; the rest is taken again, by whichever worker comes first.
            long from = chunk.from() + 1 + random.nextInt((int) chunk.blocks() - 2);
            done.add(new Chunk(from, from + 1));
            remaining.putBack(List.of(new Chunk(chunk.from(), from), new Chunk(from + 1, chunk.to())));
        }
    }

    /** @throws AssertionError if two chunks have a block in common */
    private static BitSet blocksOf(Collection<Chunk> chunks) {
        BitSet blocks = new BitSet();
        for (Chunk chunk : chunks) {
            BitSet added = new BitSet();
            added.set((int) chunk.from(), (int) chunk.to());
            assertThat(blocks.intersects(added)).as("%s was done before", chunk).isFalse();
            blocks.or(added);
        }
        return blocks;
    }

    @Test
    void takesMillionsOfChunksAsFastAsAFew() {
        RemainingBlocks blocks = remaining(new ChunkSize(1, 1), new Chunk(0, 5_000_000));
        long chunks = 0;
        while (blocks.next().isPresent()) {
            chunks++;
        }
        assertThat(chunks).isEqualTo(5_000_000);
    }
}
