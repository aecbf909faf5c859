package liquibase.ext.partition.engine.state;

/**
 * A half-open range of heap blocks.
 *
 * @param from the first block
 * @param to the first block after the range
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
}
