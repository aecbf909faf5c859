/**
 * Routing by triggers: the inheritance children, and the functions and triggers by which every row finds its child. The
 * choice between this and native routing is {@code partitioning.Routing}.
 *
 * <p>{@code TriggerRouting} explains the routing, puts its statements in order, and is what other rooms call. The
 * children are made here, ahead of their rows. {@code insert} brings a row of the table itself into its child,
 * {@code update} brings a row of a child into another one, and {@code row} has what both need.
 *
 * <p>Makes statements and runs none. Does not know the migration, nor how a column notes its time; {@code newtable}
 * passes the expression for that. Called by {@code newtable} for the new table, by {@code belonging} to move triggers
 * and to learn whether a user's trigger can be kept, and on which table, by {@code swap} to find what the children
 * lack, and by {@code upkeep} to make further children.
 */
package liquibase.ext.partition.engine.routing;
