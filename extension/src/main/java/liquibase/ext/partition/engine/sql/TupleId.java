package liquibase.ext.partition.engine.sql;

/**
 * The place of the first possible row of a heap block, as a value of PostgreSQL's type {@code tid}.
 *
 * @param block 0 to 2^32 - 1
 */
public record TupleId(long block) {
    /** Beyond the last block that a table can have. */
    public static final long MAX_BLOCK = 0xFFFF_FFFFL;

    public TupleId {
        if (block < 0 || block > MAX_BLOCK) {
            throw new IllegalArgumentException("Not a block number: " + block);
        }
    }

    /** In the form that {@code tid} reads. Offsets begin at 1, so offset 0 stands before every row of the block. */
    @Override
    public String toString() {
        return "(" + block + ",0)";
    }
}
