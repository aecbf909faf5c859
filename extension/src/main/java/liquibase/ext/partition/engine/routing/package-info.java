/**
 * Routing by triggers: the inheritance children, and the functions and triggers by which every row finds its child. The
 * choice between this and native routing is {@code partitioning.Routing}.
 *
 * <p>{@code TriggerRouting} explains the routing and puts its statements in order. Each other class makes one function,
 * or the pair of functions with the owner's and with the writer's rights, or the triggers of a table.
 *
 * <p>Makes statements and runs none. Does not know the migration, nor how a column notes its time; {@code newtable}
 * passes the expression for that. Called by {@code newtable} for the new table, by {@code belonging} to move triggers
 * and to learn whether a user's trigger can be kept, and on which table, by {@code swap} to find what the children
 * lack, and by {@code upkeep} to make further children.
 */
package liquibase.ext.partition.engine.routing;
