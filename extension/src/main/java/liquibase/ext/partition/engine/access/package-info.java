/**
 * Keeps others out of what we make: nobody but its owner has a right on it. The new table also gets the source's
 * security labels, and row level security if the source has it; it gets the source's grants in the swap.
 *
 * <p>Makes statements, and runs those alone that protect the state tables when a step begins. Does not own the rights
 * that others have on the table, which {@code belonging.grants} moves, nor those that the current role lacks, which
 * {@code refusal.Rights} finds. Called by {@code run}, and by the rooms that make tables and functions: {@code
 * newtable}, {@code routing}, {@code state}, {@code delta}, {@code upkeep}, {@code retirement}, and {@code
 * foreignkeys.triggers} and {@code triggers} of {@code belonging}.
 */
package liquibase.ext.partition.engine.access;
