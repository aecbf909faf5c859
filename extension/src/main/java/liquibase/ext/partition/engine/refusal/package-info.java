/**
 * Finds the obstacles to partitioning a table, whatever its new form: kinds of tables and of objects that cannot come
 * along, and missing rights.
 *
 * <p>The words: an {@code Obstacle} ({@code catalog}) is one thing that stands in the way, whoever finds it; a
 * {@code Refusal} ({@code belonging.kind}) is only the sentence with which the swap names them; {@code Rights} are
 * those that the current role lacks, not those of others ({@code belonging.grants}).
 *
 * <p>Reads only. Does not own the obstacles of what hangs on a table: each kind of {@code belonging} knows its own.
 * Called by {@code survey} before anything is made, by {@code swap} again, and by the generator's {@code inspect}.
 */
package liquibase.ext.partition.engine.refusal;
