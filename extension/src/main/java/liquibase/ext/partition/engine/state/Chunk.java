package liquibase.ext.partition.engine.state;

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
}
