package liquibase.ext.partition.generator.cli;

import java.sql.Connection;
import java.sql.SQLException;
import java.util.Properties;
import java.util.logging.Level;
import java.util.logging.Logger;
import org.postgresql.Driver;
import picocli.CommandLine.Option;

/** The options by which a command finds its database. No message contains a password. */
final class DatabaseOptions {
    /**
     * The driver warns of a URL that it cannot read by printing it, including the password. The field keeps the logger
     * alive, because its level would be forgotten otherwise.
     */
    private static final Logger DRIVER_LOG = Logger.getLogger("org.postgresql");

    private static final int CONNECT_SECONDS = 30;

    @Option(
            names = "--url",
            paramLabel = "URL",
            required = true,
            description = "The database, as Liquibase has it: jdbc:postgresql://host:port/database.")
    private String url;

    @Option(
            names = "--username",
            paramLabel = "NAME",
            description = "The role to connect as. Reading rights are enough, but for restore.")
    private String username;

    @Option(
            names = "--password",
            paramLabel = "PASSWORD",
            interactive = true,
            arity = "0..1",
            prompt = "Password: ",
            description =
                    "Without a value it is asked for. When the option is missing, the environment variable PGPASSWORD is"
                            + " used, or else ~/.pgpass.")
    private String password;

    /** Opens a connection that changes nothing; the caller closes it. */
    Connection connect() throws UsageException, DatabaseFailureException {
        return open(true);
    }

    /** Opens a connection that can change something; the caller closes it. */
    Connection connectToWrite() throws UsageException, DatabaseFailureException {
        return open(false);
    }

    private Connection open(boolean readOnly) throws UsageException, DatabaseFailureException {
        DRIVER_LOG.setLevel(Level.OFF);
        Driver driver = new Driver();
        if (!driver.acceptsURL(url)) {
            throw new UsageException(
                    "The value of --url is not a URL of PostgreSQL's driver. Nothing was written. Write it like jdbc:postgresql://localhost:5432/shop.");
        }
        Properties properties = new Properties();
        properties.setProperty("ApplicationName", "liquibase-partition-generator");
        properties.setProperty("connectTimeout", Integer.toString(CONNECT_SECONDS));
        if (username != null) {
            properties.setProperty("user", username);
        }
        if (secret() != null) {
            properties.setProperty("password", secret());
        }
        try {
            Connection connection = driver.connect(url, properties);
            connection.setReadOnly(readOnly);
            return connection;
        } catch (SQLException e) {
            throw new DatabaseFailureException(
                    "Cannot connect to the database: %s Nothing was written. Check --url and --username, and the password (--password, PGPASSWORD or ~/.pgpass)."
                            .formatted(withoutPassword(e.getMessage())),
                    e);
        }
    }

    /** The failure of reading the tables. */
    DatabaseFailureException failure(SQLException e) {
        return new DatabaseFailureException(
                "Reading the tables failed: %s. Nothing was written.".formatted(withoutPassword(e.getMessage())), e);
    }

    /** The failure of something that may have written: the message of the server says what. */
    DatabaseFailureException failure(String what, SQLException e) {
        return new DatabaseFailureException("%s: %s.".formatted(what, withoutPassword(e.getMessage())), e);
    }

    /** The password; null when it is left to the driver, which looks into the URL and into ~/.pgpass. */
    private String secret() {
        return password != null ? password : System.getenv("PGPASSWORD");
    }

    private String withoutPassword(String message) {
        return secret() == null || secret().isEmpty() ? message : message.replace(secret(), "***");
    }
}
