/**
 * The first step: says whether a table can be partitioned, makes the new table, and opens the migration's record.
 *
 * <p>{@code newtable} plans what is made; {@code survey} finds what stands in the way. Called by {@code change}, and by
 * {@code precondition}, which only asks for the verdict.
 */
package liquibase.ext.partition.engine.prepare;
