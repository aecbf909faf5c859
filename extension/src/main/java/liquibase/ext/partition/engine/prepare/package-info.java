/**
 * The first step: says whether a table can be partitioned, makes the new table, and opens the migration's record.
 *
 * <p>{@code target} plans what is made; {@code catalog} finds what stands in the way.
 */
package liquibase.ext.partition.engine.prepare;
