/**
 * The triggers that keep a foreign key where PostgreSQL cannot: {@code ForeignKeyTriggers} makes them, and they call
 * {@code CheckFunction} on the referring table and {@code ActFunction} on the referenced one.
 *
 * <p>Makes statements, which a switch runs. Does not own which keys are kept so, nor when the triggers come and go
 * ({@code foreignkeys}); other triggers on the table are in {@code belonging.triggers}. Called by {@code foreignkeys}.
 */
package liquibase.ext.partition.engine.belonging.foreignkeys.triggers;
