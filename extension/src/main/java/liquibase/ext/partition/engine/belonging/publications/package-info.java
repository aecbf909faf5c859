/**
 * Publications that publish the table: how they are read, what is refused, and how they move to the table that gets the
 * name.
 *
 * <p>Plans statements only. Does not own subscriptions, which {@code refusal} refuses, nor the replica identity, which
 * {@code newtable} makes and {@code properties} carries along. Called by {@code BelongingKinds}, and by {@code swap},
 * which reports what subscribers notice.
 */
package liquibase.ext.partition.engine.belonging.publications;
