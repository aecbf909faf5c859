/**
 * The exact comparison of two tables, both ways, chunk by chunk. Rows whose key is in the delta table may differ,
 * because the replay will still write them; all others must be equal. It is a step, and the swap and the drop rely on
 * its recorded result.
 *
 * <p>It finds and reports differences, and repairs nothing. Does not own how rows match ({@code rows}). Called by
 * {@code change}, {@code precondition}, {@code restart}, {@code swap} and {@code upkeep}.
 */
package liquibase.ext.partition.engine.verify;
