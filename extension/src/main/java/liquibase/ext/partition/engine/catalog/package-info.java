/**
 * Reads what a table is: columns, key, indexes, triggers, sequences, grants.
 *
 * <p>Reads only, and judges nothing; one {@link liquibase.ext.partition.engine.catalog.Table} is a snapshot that is as
 * old as its reading. Knows nothing of migrations. Called by every package that plans statements, and by the
 * generator's {@code inspect} and {@code plan}.
 */
package liquibase.ext.partition.engine.catalog;
