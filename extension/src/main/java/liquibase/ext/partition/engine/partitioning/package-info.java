/**
 * Defines how a table is partitioned: the partition key, the interval, the partitions with their bounds, and which
 * unique indexes stay unique.
 *
 * <p>A new kind of partition key begins here: {@code PartitionKeySpec} is the key as users ask for it,
 * {@code PartitionKey} the value that it comes to. Its notation of time goes into {@code time}, and then come
 * {@code state}, which keeps what users ask for, the attribute, and the generator's {@code config}, schema and
 * {@code inspect}.
 *
 * <p>The words: {@code Routing} is the choice, native or by triggers; a {@code Route} is one way into the partitioned
 * table, and {@code Routes} are all of them. The triggers themselves are in the room {@code routing}, and
 * {@code rows.TakenRoutes} finds which routes some rows take.
 *
 * <p>Pure: runs nothing. Does not own the table that is made with it ({@code newtable}). Called by most rooms above it,
 * by {@code change}, and by the generator's {@code config} and {@code plan}.
 */
package liquibase.ext.partition.engine.partitioning;
