/**
 * The first step: says whether a table can be partitioned, makes the new table, and opens the migration's record.
 *
 * <p>{@code survey} finds what stands in the way, and {@code newtable} plans what is made; this room owns neither.
 * Called by {@code change}, and by {@code precondition}, which only asks for the verdict.
 */
package liquibase.ext.partition.engine.prepare;
