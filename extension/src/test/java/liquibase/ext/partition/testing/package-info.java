/**
 * The foundation of every module's tests: a PostgreSQL server, a fresh database on it, and writers that keep a table
 * busy.
 *
 * <p>Owns the choice of the server ({@link liquibase.ext.partition.testing.TestServer}, system property {@code pg}),
 * the life of a test's database ({@link liquibase.ext.partition.testing.TestDatabase}) and the record of what live
 * writers committed ({@link liquibase.ext.partition.testing.Workload}). Knows nothing of the engine, of Liquibase or of
 * partitions: a fixture that shared code with what it checks would share its mistakes.
 *
 * <p>Exported as the extension's test-jar; called by the tests of all three modules and by the demo.
 */
package liquibase.ext.partition.testing;
