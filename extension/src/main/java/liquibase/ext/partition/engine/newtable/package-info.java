/**
 * The new table: its specification, the statements that make it, its partitions and its indexes, and how columns are
 * converted on the way.
 *
 * <p>Pure: plans statements, runs none. Called by the steps of the engine and by the change types for their review SQL.
 */
package liquibase.ext.partition.engine.newtable;
