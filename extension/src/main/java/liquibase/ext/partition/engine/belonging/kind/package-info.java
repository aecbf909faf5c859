/**
 * One shape for everything that hangs on a table and goes with its name: the kind, the questions to it, the parts of a
 * switch, and the two tables between which they go.
 *
 * <p>Runs nothing. Knows no kind of belonging: {@code BelongingKinds} does. Called by every room of {@code belonging},
 * and by {@code swap}, which takes the locks, and runs the parts' statements in one transaction.
 */
package liquibase.ext.partition.engine.belonging.kind;
