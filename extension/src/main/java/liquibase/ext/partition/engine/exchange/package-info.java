/**
 * The exchange of partitions for others that cover the same range, while writers go on: a default partition that filled
 * up for its months and a new default one, a month for its days, twelve months for a year. Three steps: the new
 * partitions are made, they take the place of the old ones, and they give it back.
 *
 * <p>It is the migration of the engine's page with another source and another switch. The source is the partition,
 * which is an ordinary table to capture, copy, index build, replay and comparison. The new table is a staging table,
 * which holds the new partitions until the switch ({@code PartitionExchange}) hands them over to the partitioned table,
 * the <b>parent</b>. From then on the live table is the parent, and of its partitions only the new ones are captured
 * and compared. The end of the backup is that of {@code swap}.
 *
 * <p>Several partitions that leave together are captured each by itself, copied heap by heap, and read through the
 * parent: by key and partition-key value, since a unique index of each partition allows a key once in each. A row that
 * moves from one of them to another is a DELETE in the one and an INSERT in the other, whose values are both in the
 * delta table, so it is copied and replayed as any other. From the exchange on the staging table has them as its
 * partitions: parent and staging table have changed sides, and the way back changes them again.
 *
 * <p>Nothing is read or built under the lock. The parent adopts the indexes of the new partitions; a CHECK shows the
 * server that a partition has only rows of its bound, and another that a default partition has none of the new
 * partitions' ({@code BoundCheck}).
 *
 * <p>Does not own the steps between, nor the locks of a switch ({@code swap.LockedSwitch}). Called by the change types.
 */
package liquibase.ext.partition.engine.exchange;
