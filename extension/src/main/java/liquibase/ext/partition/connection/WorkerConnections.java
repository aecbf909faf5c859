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
import liquibase.ext.partition.engine.link.ConnectionSource;

/** Opens workers' connections; the package's page says from which sources. */
final class WorkerConnections implements ConnectionSource {
    private record Account(String url, String username, String password) {
        Optional<Connection> connect() throws SQLException {
            return WorkerConnections.connect(url, username, password);
        }
    }

    private final DatabaseConnection main;
    private final Account ours;
    private final Account ofTheCommand;

    /** Reads the settings now, because the thread that opens connections later may see others. */
    WorkerConnections(DatabaseConnection main) {
        this.main = main;
        this.ours = new Account(
                PartitionConfiguration.URL.getCurrentValue(),
                PartitionConfiguration.USERNAME.getCurrentValue(),
                PartitionConfiguration.PASSWORD.getCurrentValue());
        this.ofTheCommand = new Account(command("url"), command("username"), command("password"));
    }

    @Override
    public Optional<Connection> open() throws SQLException {
        Optional<DataSource> registered = WorkerDataSource.registered();
        if (registered.isPresent()) {
            return Optional.of(registered.get().getConnection());
        }
        Optional<Connection> known = ours.connect();
        if (known.isPresent()) {
            return known;
        }
        if (main instanceof PartitionConnection connection) {
            Optional<Connection> another = Optional.ofNullable(connection.openAnother());
            if (another.isPresent()) {
                return another;
            }
        }
        return ofTheCommand.connect();
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
        try {
            return Optional.of(DriverManager.getConnection(url, PartitionConnection.impatient(properties)));
        } catch (SQLException e) {
            if (e.getMessage() == null || !e.getMessage().contains(url)) {
                throw e;
            }
            // The driver reports a URL that it cannot read as it is, and a password may be in it.
            throw new SQLException(e.getMessage().replace(url, withoutSecrets(url)), e.getSQLState());
        }
    }

    /** The parameters may be secret; the rest shows which server was meant. */
    private static String withoutSecrets(String url) {
        return url.replaceAll("//[^/@]*@", "//…@").replaceAll("\\?.*", "?…");
    }

    private static String command(String argument) {
        Object value = Scope.getCurrentScope()
                .getSingleton(LiquibaseConfiguration.class)
                .getCurrentConfiguredValue(null, null, "liquibase.command." + argument)
                .getValue();
        return value == null ? null : value.toString();
    }
}
