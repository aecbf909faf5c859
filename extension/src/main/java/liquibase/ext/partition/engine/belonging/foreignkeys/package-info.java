/**
 * Foreign keys of the table and foreign keys that refer to it: their obstacles, how they move, how the way back makes
 * them again, and their validation after a switch.
 *
 * <p>{@code ForeignKeys} decides what a switch does about each key. {@code read} has the key itself and reads it, and
 * {@code triggers} has the triggers that can take its place.
 *
 * <p>Only {@code ForeignKeyCompletion} runs anything: what is left to do once the switch has committed. The other
 * classes read, or make statements that the switch runs. Does not own the user's choice of what becomes of keys that
 * refer to the table ({@code newtable.IncomingForeignKeys}). Called by {@code BelongingKinds}.
 */
package liquibase.ext.partition.engine.belonging.foreignkeys;
