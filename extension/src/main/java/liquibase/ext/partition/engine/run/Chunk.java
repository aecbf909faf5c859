package liquibase.ext.partition.engine.run;

import java.util.ArrayList;
import java.util.List;

/**
 * A half-open range of heap blocks.
 *
 * @param from first block
 * @param to first block after it
 */
public record Chunk(long from, long to) {
    public Chunk {
        if (from < 0 || from >= to) {
            throw new IllegalArgumentException("Not a range of blocks: [" + from + ", " + to + ")");
        }
    }

    public long blocks() {
        return to - from;
    }

    /** The chunks that cover blocks {@code [0, blocks)}; none where there are no blocks. */
    public static List<Chunk> covering(long blocks, long blocksPerChunk) {
        List<Chunk> chunks = new ArrayList<>();
        for (long from = 0; from < blocks; from += blocksPerChunk) {
            chunks.add(new Chunk(from, Math.min(blocks, from + blocksPerChunk)));
        }
        return chunks;
    }

    /** How many blocks hold about {@code rows} rows; at least one. */
    public static long blocksFor(long rows, double rowsPerBlock) {
        return Math.max(1, Math.round(rows / rowsPerBlock));
    }
}
