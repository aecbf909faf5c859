/**
 * The first step: says whether a table can be partitioned, makes the new table, and opens the migration's record.
 *
 * <p>What is made is planned by {@code target}; what stands in the way is found by {@code catalog}.
 */
package liquibase.ext.partition.engine.prepare;
