/**
 * What every routed row needs, whether it was inserted or updated: the columns from which its time is read, the child
 * of that time, the INSERT into it, and whether that may be done with the owner's rights. Also the names of all
 * functions and triggers of the routing.
 *
 * <p>Does not own when a row is routed: {@code routing.insert} and {@code routing.update} do. Called by these and by
 * {@code routing}; {@code newtable} describes the table by {@code RoutedTable}.
 */
package liquibase.ext.partition.engine.routing.row;
