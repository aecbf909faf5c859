/**
 * The switch of the tables under a lock, the way back, and the end of the backup. Called by the change types and their
 * rollbacks.
 *
 * <p>One plan serves both directions: after the swap, a rollback switches the live (partitioned) table with the backup
 * just as the swap switched the source with the new table. Knows nothing of chunks.
 */
package liquibase.ext.partition.engine.swap;
