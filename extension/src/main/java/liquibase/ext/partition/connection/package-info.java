/**
 * Worker connections for every way in which Liquibase can be started, and the environment in which the engine runs.
 *
 * <p>Workers' connections come, in this order, from: a {@link javax.sql.DataSource} registered with
 * {@link liquibase.ext.partition.connection.WorkerDataSource}; the extension's own settings
 * ({@link liquibase.ext.partition.connection.PartitionConfiguration}); the settings that Liquibase's own connection was
 * opened with ({@link liquibase.ext.partition.connection.PartitionConnection}); {@code liquibase.command.url},
 * {@code username} and {@code password}. If none is known, the engine works on the main connection alone.
 *
 * <p>The package also makes Liquibase's own connection and lock outlive a bad network: the connection is watched
 * ({@link liquibase.ext.partition.connection.PartitionConnection}) and restored within a step
 * ({@link liquibase.ext.partition.connection.Reconnection}), and DATABASECHANGELOGLOCK is released and explained
 * ({@link liquibase.ext.partition.connection.PartitionLockService}).
 *
 * <p>Does not own what workers do with a connection ({@code engine.run}), nor how it is found out that one is gone
 * ({@code engine.link}). Called by {@code change}, {@code statement}, {@code precondition}, {@code step},
 * {@code attribute} and {@code command}, and by Liquibase.
 */
package liquibase.ext.partition.connection;
