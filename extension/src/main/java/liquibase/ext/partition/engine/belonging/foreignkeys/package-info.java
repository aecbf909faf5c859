/**
 * Foreign keys of the table and foreign keys that refer to it: how they are read, their obstacles, the triggers that
 * can take their place, how they move, how the way back makes them again, and their validation after a switch.
 *
 * <p>{@code ForeignKeys} reads the catalog and decides what a switch does about each key. {@code ForeignKeyTriggers}
 * makes the triggers that keep a key; these call {@code CheckFunction} on the referring table and {@code ActFunction}
 * on the referenced one.
 *
 * <p>Only {@code ForeignKeyCompletion} runs anything: what is left to do once the switch has committed. The other
 * classes read, or make statements that the switch runs. Does not own the user's choice of what becomes of keys that
 * refer to the table ({@code newtable.IncomingForeignKeys}). Called by {@code BelongingKinds}, and by {@code swap} for
 * what comes after the switch.
 */
package liquibase.ext.partition.engine.belonging.foreignkeys;
