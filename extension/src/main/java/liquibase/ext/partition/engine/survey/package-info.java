/**
 * Says what partitioning a table would come to, before anything is made: what the table is, what comes along, what
 * changes, what is refused and what to do about it.
 *
 * <p>Reads the catalog, and of each table a few thousand rows at most, in a few seconds at most. {@code prepare} goes
 * by it, and so does {@code generator plan}.
 */
package liquibase.ext.partition.engine.survey;
