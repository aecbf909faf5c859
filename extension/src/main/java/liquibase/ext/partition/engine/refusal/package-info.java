/**
 * Finds the obstacles to partitioning a table that no kind of {@code belonging} knows, whatever its new form, and puts
 * those that the kinds know in order.
 *
 * <p>Owns what never comes along, and so has no kind there: what is no ordinary table, inheritance, exclusion
 * constraints, rules and subscriptions. Also owns what nobody has examined, the kinds of things that a later
 * PostgreSQL may have ({@code KnownKinds}), missing rights, and a server's clock that is far off.
 *
 * <p>The words: an {@code Obstacle} ({@code catalog}) is one thing that stands in the way, whoever finds it; a
 * {@code Refusal} ({@code belonging.kind}) is only the sentence with which the swap names them; {@code Rights} are
 * those that the current role lacks, not those of others ({@code belonging.grants}).
 *
 * <p>Reads only. Does not own the obstacles of what hangs on a table and comes along: each kind of {@code belonging}
 * knows its own. Called by {@code survey} before anything is made, by {@code swap} again, by whoever asks what day it
 * is, and by the generator's {@code inspect} and {@code plan}.
 */
package liquibase.ext.partition.engine.refusal;
