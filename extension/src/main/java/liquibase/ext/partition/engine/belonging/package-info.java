/**
 * The things that hang on a table and go with its name: a room for each kind, and {@code BelongingKinds}, the ordered
 * list of them all.
 *
 * <p>A new thing that hangs on a table gets a room here with a class that ends in {@code Kind}, a line in
 * {@code BelongingKinds}, and a constant in {@code catalog.Feature} if it has none. A room has the kind's value, its
 * obstacles, what the generator's {@code plan} tells people will change about it, the part of a switch that moves it,
 * and what is left to do after the switch. {@code kind} has the shape that all kinds share.
 *
 * <p>The room reads its kind from the catalog, unless the table itself has the value (grants, triggers, sequences,
 * properties): {@code catalog} reads that. Does not own what must be on the new table before the switch, which
 * {@code newtable} makes, nor the locks and the transaction of a switch ({@code swap}). Called by {@code survey},
 * {@code refusal} and {@code swap}, and room by room by {@code prepare} (sequences), {@code upkeep} (grants,
 * publications, row level security), {@code attribute} (triggers) and the generator's {@code inspect} (foreign keys).
 */
package liquibase.ext.partition.engine.belonging;
