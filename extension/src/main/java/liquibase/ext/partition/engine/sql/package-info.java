/**
 * SQL as values: names, statements with named holes, and the session that runs them.
 *
 * <p>Only here are names quoted ({@link liquibase.ext.partition.engine.sql.Identifier}), values put into a statement
 * ({@link liquibase.ext.partition.engine.sql.Sql}), and SQLSTATEs given names. Values are bound; they are written as
 * literals only where SQL is printed, and in statements that take no parameters.
 *
 * <p>Knows no table, and nothing of Liquibase. Called by every other package of the engine, by the extension's other
 * packages, and by the generator.
 */
package liquibase.ext.partition.engine.sql;
