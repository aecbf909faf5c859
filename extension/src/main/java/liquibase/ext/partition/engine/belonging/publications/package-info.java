/**
 * Publications that publish the table: how they are read, what is refused, and how they move to the table that gets the
 * name.
 *
 * <p>Reads the catalog and plans statements. Does not own subscriptions, which {@code refusal} refuses, nor the replica
 * identity, which {@code newtable} makes and {@code properties} carries along. Called by {@code BelongingKinds},
 * and by {@code upkeep} for the partitions that come later.
 */
package liquibase.ext.partition.engine.belonging.publications;
