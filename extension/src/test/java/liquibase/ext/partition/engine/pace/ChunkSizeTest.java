package liquibase.ext.partition.engine.pace;

import static org.assertj.core.api.Assertions.assertThat;

import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.function.LongUnaryOperator;
import org.junit.jupiter.api.Test;

class ChunkSizeTest {
    private static final Duration TARGET = Duration.ofSeconds(2);
    private static final long NO_BOUND = Long.MAX_VALUE;

    /** The blocks of consecutive chunks, when a chunk of that many blocks takes that many milliseconds. */
    private static List<Long> chunks(ChunkSize size, int count, LongUnaryOperator milliseconds) {
        List<Long> chunks = new ArrayList<>();
        for (int i = 0; i < count; i++) {
            long blocks = size.next(TARGET);
            chunks.add(blocks);
            size.took(blocks, Duration.ofMillis(milliseconds.applyAsLong(blocks)));
        }
        return chunks;
    }

    @Test
    void growsFromASmallGuessByDoublingUntilAChunkTakesItsTime() {
        // Two milliseconds per block, and five for the transaction.
        assertThat(chunks(new ChunkSize(16, NO_BOUND), 12, blocks -> 5 + 2 * blocks))
                .startsWith(16L, 32L, 64L, 128L, 256L, 512L)
                .last()
                .satisfies(blocks -> assertThat(5 + 2 * blocks).isBetween(1_900L, 2_000L));
    }

    @Test
    void shrinksByHalvesWhereTheRowsAreDearerAndGrowsAgainBehindThem() {
        ChunkSize size = new ChunkSize(1_000, NO_BOUND);
        chunks(size, 10, blocks -> 2 * blocks);

        List<Long> dear = chunks(size, 10, blocks -> 40 * blocks);
        assertThat(dear).startsWith(1_000L, 500L, 250L, 125L);
        assertThat(40 * dear.get(9)).isBetween(1_900L, 2_100L);

        List<Long> cheap = chunks(size, 12, blocks -> 2 * blocks);
        assertThat(2 * cheap.get(11)).isBetween(1_900L, 2_000L);
    }

    @Test
    void oneSlowChunkIsNotTheRule() {
        ChunkSize size = new ChunkSize(1_000, NO_BOUND);
        chunks(size, 5, blocks -> 2 * blocks);

        size.took(1_000, Duration.ofMinutes(5));

        assertThat(size.next(TARGET)).isEqualTo(500);
    }

    @Test
    void staysWithinItsBoundsHoweverFastOrSlowItGoes() {
        assertThat(chunks(new ChunkSize(16, 100), 10, blocks -> 0)).endsWith(100L, 100L);
        assertThat(chunks(new ChunkSize(1_000, 7), 2, blocks -> 0)).containsExactly(7L, 7L);
        assertThat(chunks(new ChunkSize(16, NO_BOUND), 10, blocks -> 60_000)).endsWith(1L, 1L);
        assertThat(chunks(new ChunkSize(0, 0), 2, blocks -> 0)).containsExactly(1L, 1L);
        assertThat(chunks(new ChunkSize(1, NO_BOUND), 100, blocks -> 0)).last().isEqualTo(0xFFFF_FFFFL);
    }

    @Test
    void theRestOfAGapSaysNothingUnlessItIsSlow() {
        ChunkSize size = new ChunkSize(1_000, NO_BOUND);
        chunks(size, 5, blocks -> 2 * blocks);

        size.took(1, Duration.ofMillis(20));
        assertThat(size.next(TARGET)).isEqualTo(1_000);

        size.took(1, Duration.ofSeconds(20));
        assertThat(size.next(TARGET)).isEqualTo(500);
    }

    @Test
    void workersThatComeBackTogetherDoubleTheSizeOnce() {
        ChunkSize size = new ChunkSize(16, NO_BOUND);
        size.next(TARGET);

        for (int worker = 0; worker < 8; worker++) {
            size.took(16, Duration.ofMillis(10));
        }

        assertThat(size.next(TARGET)).isEqualTo(32);
    }

    @Test
    void aShorterTimeCountsAtOnceAndALongerOneByAndBy() {
        ChunkSize size = new ChunkSize(1_000, NO_BOUND);
        chunks(size, 5, blocks -> 2 * blocks);

        assertThat(size.next(Duration.ofMillis(200))).isEqualTo(100);
        size.took(100, Duration.ofMillis(200));
        assertThat(size.next(Duration.ofSeconds(20))).isEqualTo(100);
        size.took(100, Duration.ofMillis(200));
        assertThat(size.next(Duration.ofSeconds(20))).isEqualTo(200);
    }

    @Test
    void aBoundInRowsIsOneOfAtLeastABlock() {
        assertThat(ChunkSize.blocksFor(1, 50)).isEqualTo(1);
        assertThat(ChunkSize.blocksFor(1_000, 50)).isEqualTo(20);
    }
}
