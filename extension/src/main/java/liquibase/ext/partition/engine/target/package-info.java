/**
 * What is to be made: the names of a migration's tables, the partition key and layout, and the statements that make the
 * new table; how columns are converted on the way; and, where triggers route the rows, the children and their triggers.
 *
 * <p>Pure: plans statements, runs none. Called by the steps of the engine, by the change types for their review SQL,
 * and by the generator to check names.
 */
package liquibase.ext.partition.engine.target;
