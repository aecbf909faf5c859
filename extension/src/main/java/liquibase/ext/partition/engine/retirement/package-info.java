/**
 * The end of life of a partition: takes the ones that are older than a table keeps out of it, each with a record.
 *
 * <p>Owns which partitions are due, what must not stand in the way, how one is taken out while readers and writers go
 * on, how it is dropped afterwards ({@code RetiredDrop}), and how it comes back ({@code Reattachment}). Does not own
 * the partitions ahead ({@code upkeep}), nor the records by which the way back knows a partition ({@code delta},
 * {@code verify}). Called by the change types, by the approval of a drop, by the command, and by the generator.
 */
package liquibase.ext.partition.engine.retirement;
