/**
 * Defines how a table is partitioned: the partition key, the interval, the partitions with their bounds, how rows are
 * routed to them, and which unique indexes stay unique.
 *
 * <p>A new kind of partition key is added here. Pure: runs nothing. The table that is made with it is in
 * {@code newtable}, and the triggers that route rows are in {@code routing}. Called by these, by the steps and by the
 * generator.
 */
package liquibase.ext.partition.engine.partitioning;
