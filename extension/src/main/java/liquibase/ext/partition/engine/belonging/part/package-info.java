/**
 * One shape for everything that hangs on a table and goes with its name: the parts of a switch, and the two tables
 * between which they go.
 *
 * <p>Runs nothing. Knows no kind of belonging. Called by every room of {@code belonging}, and by {@code swap}, which
 * puts the parts in order, takes the locks, and runs the statements in one transaction.
 */
package liquibase.ext.partition.engine.belonging.part;
