/**
 * Routing by triggers: the inheritance children, and the functions and triggers by which every row finds its child.
 *
 * <p>{@code TriggerRouting} explains the routing and puts its statements in order. Each other class makes one function,
 * or the pair of functions with the owner's and with the writer's rights, or the triggers of a table. The package makes
 * statements and runs none. It does not know the migration, nor how a row records its time: {@code newtable}, which
 * calls it for the new table, does. {@code survey} asks which triggers of a user can be kept; {@code belonging} and
 * {@code swap} ask where they belong, and {@code swap} attaches and removes ours.
 */
package liquibase.ext.partition.engine.routing;
