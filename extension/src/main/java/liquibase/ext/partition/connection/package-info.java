/**
 * Worker connections out of whatever Liquibase was started with, and the environment in which the engine runs.
 *
 * <p>Workers' connections come, in this order, from: a {@link javax.sql.DataSource} registered with
 * {@link liquibase.ext.partition.connection.WorkerDataSource}; the extension's own settings
 * ({@link liquibase.ext.partition.connection.PartitionConfiguration}); what Liquibase's own connection was opened with
 * ({@link liquibase.ext.partition.connection.PartitionConnection}); {@code liquibase.command.url}, {@code username} and
 * {@code password}. Where none is known the engine works on the main connection alone.
 */
package liquibase.ext.partition.connection;
