/**
 * How an inserted row gets out of the table itself and into its child: the triggers on the table, and their functions,
 * one with the owner's rights and one with the writer's for each of the two actions.
 *
 * <p>Does not own how the child of a row is found ({@code routing.row}), nor what happens when a row of a child gets
 * another time ({@code routing.update}). Called by {@code routing}.
 */
package liquibase.ext.partition.engine.routing.insert;
