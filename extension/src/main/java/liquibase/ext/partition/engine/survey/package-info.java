/**
 * Surveys a table before anything is made: what it is, what comes along, what changes, what is refused and what to do
 * about it.
 *
 * <p>Reads the catalog, and of each table at most a few thousand rows, in at most a few seconds. {@code prepare}, the
 * precondition {@code partitionable} and {@code generator plan} go by it.
 */
package liquibase.ext.partition.engine.survey;
