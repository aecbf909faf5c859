/**
 * Routing by triggers: the functions and triggers by which rows find the inheritance child of their interval.
 *
 * <p>Makes statements and runs none. Does not know the migration. Called by {@code newtable} for the new table and by
 * {@code swap}, which moves the triggers.
 */
package liquibase.ext.partition.engine.routing;
