/**
 * How gently a step works: the settings of its pace, the size of its chunks, its throttle, the hours in which it may
 * work, and the time after which it stops.
 *
 * <p>A new throttle is added here. Does not know what the work is. Called by {@code run} for its workers, and by the
 * steps that cut their own work to size.
 */
package liquibase.ext.partition.engine.pace;
