/**
 * The new table: what it is to be, and the statements that make it, its partitions and its indexes; how columns are
 * converted on the way.
 *
 * <p>Pure: plans statements, runs none. Called by the steps of the engine and by the change types for their review SQL.
 */
package liquibase.ext.partition.engine.newtable;
