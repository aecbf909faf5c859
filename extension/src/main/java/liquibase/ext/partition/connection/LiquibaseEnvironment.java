package liquibase.ext.partition.connection;

import java.sql.Connection;
import java.sql.SQLException;
import java.time.Duration;
import liquibase.Scope;
import liquibase.database.Database;
import liquibase.database.DatabaseConnection;
import liquibase.database.jvm.JdbcConnection;
import liquibase.exception.DatabaseException;
import liquibase.ext.partition.engine.PartitionException;
import liquibase.ext.partition.engine.Report;
import liquibase.ext.partition.engine.pace.RunPace;
import liquibase.ext.partition.engine.run.StepRun;
import liquibase.ext.partition.engine.sql.Identifier;
import liquibase.ext.partition.engine.sql.QualifiedName;
import liquibase.ext.partition.engine.sql.Session;
import liquibase.ext.partition.engine.sql.Sql;
import liquibase.ext.partition.engine.state.StateTables;

/** The engine's environment, made from Liquibase's {@link Database}. */
public final class LiquibaseEnvironment {
    /** TID range scans came with it; without them every chunk would read the whole table. */
    private static final int OLDEST_SERVER = 14;

    private static final Sql HAS_LOCK_TABLE = Sql.of("SELECT pg_catalog.to_regclass({name}) IS NOT NULL");
    private static final Sql LOCK_GRANTED =
            Sql.of("SELECT lockgranted FROM {table} WHERE locked AND lockgranted IS NOT NULL");

    private LiquibaseEnvironment() {}

    /**
     * The environment of a step that is executed.
     *
     * @throws PartitionException when the server is too old
     */
    public static StepRun.Environment of(Database database) throws DatabaseException {
        if (database.getDatabaseMajorVersion() < OLDEST_SERVER) {
            throw new PartitionException(
                    "The server is PostgreSQL %s; liquibase-partition needs %d or newer. Nothing was changed. Upgrade the server, or leave this table's changelog out here."
                            .formatted(database.getDatabaseProductVersion(), OLDEST_SERVER));
        }
        return new StepRun.Environment(
                connection(database),
                new WorkerConnections(database.getConnection()),
                state(database),
                report(),
                PartitionConfiguration.onBusy(),
                PartitionConfiguration.askAfter(),
                new RunPace(PartitionConfiguration.pace(), begun(database)));
    }

    /**
     * When this run of Liquibase began, by {@link System#nanoTime}: Liquibase takes its lock first, and records when.
     * The present time if nobody has the lock, or it is not kept in a table.
     */
    private static long begun(Database database) throws DatabaseException {
        Session session = new Session(connection(database));
        String table = database.escapeTableName(
                database.getLiquibaseCatalogName(),
                database.getLiquibaseSchemaName(),
                database.getDatabaseChangeLogLockTableName());
        long now = System.nanoTime();
        try {
            return session.whilePinned(() -> {
                if (!session.queryBoolean(HAS_LOCK_TABLE.with("name", table))) {
                    return now;
                }
                // This machine has written the time, so it is read in this machine's time zone: the column has none.
                long ago = session.queryFirst(
                                LOCK_GRANTED.with("table", Sql.raw(table)), row -> row.getTimestamp("lockgranted"))
                        .map(granted -> System.currentTimeMillis() - granted.getTime())
                        .orElse(0L);
                return now - Duration.ofMillis(Math.max(0, ago)).toNanos();
            });
        } catch (SQLException e) {
            // The step is about to find the same, and can reconnect.
            return now;
        }
    }

    /** Liquibase's own JDBC connection. */
    public static Connection connection(Database database) throws DatabaseException {
        DatabaseConnection connection = database.getConnection();
        if (connection instanceof JdbcConnection jdbc) {
            return jdbc.getUnderlyingConnection();
        }
        throw new DatabaseException("liquibase-partition needs a JDBC connection, not "
                + (connection == null ? "none" : connection.getClass().getName()));
    }

    /** Whether the catalog can be read; false if Liquibase only writes SQL for an offline database. */
    public static boolean isOnline(Database database) {
        return database.getConnection() instanceof JdbcConnection;
    }

    /** The state tables, in the schema of DATABASECHANGELOG. */
    public static StateTables state(Database database) {
        return new StateTables(schema(database.getLiquibaseSchemaName(), database));
    }

    /** A name in {@code schemaName}; if that is null, in Liquibase's default schema. */
    public static QualifiedName name(Database database, String schemaName, String name) {
        return new QualifiedName(schema(schemaName, database), new Identifier(name));
    }

    /** Shows lines for people on Liquibase's console. */
    public static Report report() {
        return line -> {
            Scope.getCurrentScope().getUI().sendMessage(line);
            Scope.getCurrentScope().getLog(LiquibaseEnvironment.class).info(line);
        };
    }

    private static Identifier schema(String schemaName, Database database) {
        String schema = schemaName == null ? database.getDefaultSchemaName() : schemaName;
        return new Identifier(schema == null ? "public" : schema);
    }
}
