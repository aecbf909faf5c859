/**
 * How gently a step works: the settings of its pace, the size of its chunks, its throttle, the hours in which it may
 * work, and the time after which it stops.
 *
 * <p>A new throttle is added here. As it is usually a setting too, {@code attribute.TuningAttribute} describes it to
 * users.
 *
 * <p>Does not know what the work is, nor how locks are waited for ({@code lock}). Called by {@code run} for its
 * workers, by the steps that cut their own work to size, and by {@code attribute}, {@code connection} and the
 * generator's {@code config} and {@code plan} for the settings.
 */
package liquibase.ext.partition.engine.pace;
