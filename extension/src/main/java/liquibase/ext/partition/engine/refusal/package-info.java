/**
 * The obstacles to partitioning a table, whatever its new form: kinds of tables and of objects that cannot come along,
 * and missing rights.
 *
 * <p>Reads only. Each kind of belonging knows its own obstacles; this room asks for the rest. Called by {@code survey}
 * before anything is made, and by {@code swap} again under its lock.
 */
package liquibase.ext.partition.engine.refusal;
