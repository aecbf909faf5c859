/**
 * Life after the first partitions: makes the ones that are missing ahead, on the live table after the swap and on the
 * new table before it.
 *
 * <p>A partition is made beside the table, like its sisters, and attached. Table and attachment are one transaction, so
 * that a kill leaves nothing behind. Owns which intervals are missing, what a partition has in common with its sisters,
 * how the default partition is shown to have no row of it, and what is to be said of a table in service. Does not own
 * the first partitions ({@code newtable}), how rows find them ({@code partitioning}, {@code routing}), nor the records
 * by which the way back knows a partition ({@code delta}, {@code verify}). Called by the change type, by the command,
 * by {@code exchange}, which reads bounds as it does, by {@code retirement}, which makes a partition anew, and by the
 * generator's {@code plan}.
 */
package liquibase.ext.partition.engine.upkeep;
