package liquibase.ext.partition.connection;

import java.sql.Connection;
import java.sql.DriverManager;
import java.sql.SQLException;
import java.util.Optional;
import java.util.Properties;
import javax.sql.DataSource;
import liquibase.Scope;
import liquibase.configuration.LiquibaseConfiguration;
import liquibase.database.DatabaseConnection;
import liquibase.ext.partition.engine.run.ConnectionSource;

/** Opens workers' connections; the package's page says from where. */
final class WorkerConnections implements ConnectionSource {
    private final DatabaseConnection main;

    WorkerConnections(DatabaseConnection main) {
        this.main = main;
    }

    @Override
    public Optional<Connection> open() throws SQLException {
        Optional<DataSource> registered = WorkerDataSource.registered();
        if (registered.isPresent()) {
            return Optional.of(registered.get().getConnection());
        }
        Optional<Connection> ours = connect(
                PartitionConfiguration.URL.getCurrentValue(),
                PartitionConfiguration.USERNAME.getCurrentValue(),
                PartitionConfiguration.PASSWORD.getCurrentValue());
        if (ours.isPresent()) {
            return ours;
        }
        if (main instanceof PartitionConnection connection) {
            Optional<Connection> another = Optional.ofNullable(connection.openAnother());
            if (another.isPresent()) {
                return another;
            }
        }
        return connect(command("url"), command("username"), command("password"));
    }

    private static Optional<Connection> connect(String url, String username, String password) throws SQLException {
        if (url == null || !url.startsWith("jdbc:postgresql:")) {
            return Optional.empty();
        }
        Properties properties = new Properties();
        if (username != null) {
            properties.setProperty("user", username);
        }
        if (password != null) {
            properties.setProperty("password", password);
        }
        return Optional.of(DriverManager.getConnection(url, properties));
    }

    private static String command(String argument) {
        Object value = Scope.getCurrentScope()
                .getSingleton(LiquibaseConfiguration.class)
                .getCurrentConfiguredValue(null, null, "liquibase.command." + argument)
                .getValue();
        return value == null ? null : value.toString();
    }
}
