/**
 * How a row moves from one child to another when its time is updated: the triggers on each child, and their functions,
 * one with the owner's rights and one with the writer's for each of the two actions. They pass on to each other, in
 * settings of the session, which row has moved.
 *
 * <p>Does not own how the child of a row is found ({@code routing.row}), nor how a row leaves the table itself
 * ({@code routing.insert}). Called by {@code routing}.
 */
package liquibase.ext.partition.engine.routing.update;
