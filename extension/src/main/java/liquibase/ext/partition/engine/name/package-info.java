/**
 * Names for what we make: they are derived from another name, fit into 63 bytes, and can be found again.
 *
 * <p>Pure. Does not check whether a name is free, and quotes nothing ({@code sql}). Called by the rooms that make
 * something ({@code newtable}, {@code routing}, {@code partitioning}, {@code index}, {@code delta}, {@code swap},
 * {@code upkeep}, those of {@code belonging}), by {@code attribute.MadeTable}, and by the generator's {@code config}
 * and {@code inspect}.
 */
package liquibase.ext.partition.engine.name;
