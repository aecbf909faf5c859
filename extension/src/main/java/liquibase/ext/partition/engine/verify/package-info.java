/**
 * Exact comparison of two tables that should be equal but for the keys in the delta table, both ways, chunk by chunk.
 *
 * <p>Finds differences and says so; repairs nothing. The result is recorded for the swap and the drop to rely on.
 */
package liquibase.ext.partition.engine.verify;
