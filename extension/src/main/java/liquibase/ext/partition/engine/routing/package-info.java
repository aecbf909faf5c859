/**
 * Routing by triggers: the inheritance children, and the functions and triggers by which every row finds its child.
 *
 * <p>{@code TriggerRouting} says how the routing works and puts its statements in order; each other class makes a
 * function, or the one with the owner's rights and the one with the writer's, or the triggers of a table. The package
 * makes statements and runs none. It does not know the migration. It does not say how a row tells its time:
 * {@code newtable}, which calls it for the new table, does. {@code survey} asks which triggers of a user can be kept;
 * {@code belonging} and {@code swap} ask where they belong, and {@code swap} attaches and removes ours.
 */
package liquibase.ext.partition.engine.routing;
