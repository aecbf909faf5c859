/**
 * The exact comparison of two tables that should be equal but for the keys in the delta table, both ways, chunk by
 * chunk.
 *
 * <p>It finds and reports differences, and repairs nothing. The swap and the drop rely on the recorded result. Called
 * by {@code change}, {@code precondition}, {@code restart} and {@code swap}.
 */
package liquibase.ext.partition.engine.verify;
