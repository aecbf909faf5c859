/**
 * Worker connections out of whatever Liquibase was started with, and the environment in which the engine runs.
 *
 * <p>Workers' connections come, in this order, from: a {@link javax.sql.DataSource} registered with
 * {@link liquibase.ext.partition.connection.WorkerDataSource}; the extension's own settings
 * ({@link liquibase.ext.partition.connection.PartitionConfiguration}); what Liquibase's own connection was opened with
 * ({@link liquibase.ext.partition.connection.PartitionConnection}); {@code liquibase.command.url}, {@code username} and
 * {@code password}. Where none is known the engine works on the main connection alone.
 *
 * <p>Also what makes Liquibase's own connection and lock outlive a bad network: the connection is watched
 * ({@link liquibase.ext.partition.connection.PartitionConnection}), is had again within a step
 * ({@link liquibase.ext.partition.connection.Reconnection}), and DATABASECHANGELOGLOCK is released and explained
 * ({@link liquibase.ext.partition.connection.PartitionLockService}).
 */
package liquibase.ext.partition.connection;
