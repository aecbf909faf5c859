/**
 * SQL as values: names, statements with named holes, and the session that runs them.
 *
 * <p>Owns the one place where names are quoted ({@link liquibase.ext.partition.engine.sql.Identifier}), where values
 * are bound or, for review and for statements that take no parameters, written as literals
 * ({@link liquibase.ext.partition.engine.sql.Sql}), and where SQLSTATEs get names. Knows no table, and nothing of
 * Liquibase. Called by every other package of the engine.
 */
package liquibase.ext.partition.engine.sql;
