/**
 * Foreign keys of the table and foreign keys that refer to it: how they are read, what stands in their way, the
 * triggers that can take their place, how they move, how the way back makes them again, and the validation that comes
 * after a switch.
 *
 * <p>{@code ForeignKeys} reads the catalog and says what a switch does about each key. {@code ForeignKeyTriggers} makes
 * the triggers that keep a key; {@code CheckFunction} and {@code ActFunction} are what they call, on the referring and
 * on the referenced table. {@code ForeignKeyCompletion} runs statements outside the lock; all others run in the switch.
 * Called by {@code survey} and {@code swap}.
 */
package liquibase.ext.partition.engine.belonging.foreignkeys;
