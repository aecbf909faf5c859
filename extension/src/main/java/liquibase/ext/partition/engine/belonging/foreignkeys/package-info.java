/**
 * Foreign keys of the table and foreign keys that refer to it: how they are read, what stands in their way, the
 * triggers that can take their place, how they move, how the way back makes them again, and the validation that comes
 * after a switch.
 *
 * <p>Plans statements; only {@code ForeignKeyCompletion} runs some, outside the lock. Called by {@code survey} and
 * {@code swap}.
 */
package liquibase.ext.partition.engine.belonging.foreignkeys;
