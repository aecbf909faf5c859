package liquibase.ext.partition.connection;

import java.sql.Connection;
import java.sql.Driver;
import java.sql.SQLException;
import java.util.Properties;
import liquibase.database.jvm.JdbcConnection;
import liquibase.exception.DatabaseException;

/**
 * Liquibase's connection to a PostgreSQL, which remembers how it was opened, so that workers can be connected the same way.
 * It is the connection that Liquibase opens for every {@code jdbc:postgresql:} URL while this extension is there.
 */
public class PartitionConnection extends JdbcConnection {
    /** Above liquibase-commercial's ProJdbcConnection, which has 101. */
    private static final int PRIORITY = 102;

    private static final String URL_PREFIX = "jdbc:postgresql:";

    private String url;
    private Driver driver;
    private Properties properties;

    @Override
    public int getPriority() {
        return PRIORITY;
    }

    @Override
    public boolean supports(String candidate) {
        return candidate != null && candidate.startsWith(URL_PREFIX);
    }

    @Override
    public void open(String target, Driver driverObject, Properties driverProperties) throws DatabaseException {
        super.open(target, driverObject, driverProperties);
        url = target;
        driver = driverObject;
        properties = driverProperties == null ? new Properties() : (Properties) driverProperties.clone();
    }

    /** Opens the same connection anew, in place of a lost one; false where this one was not opened by URL. */
    boolean reopen() throws SQLException {
        if (url == null) {
            return false;
        }
        try {
            super.open(url, driver, (Properties) properties.clone());
            return true;
        } catch (DatabaseException e) {
            throw e.getCause() instanceof SQLException cause ? cause : new SQLException(e.getMessage(), e);
        }
    }

    /** Another connection to the same database as the same user; null where this one was not opened by URL. */
    Connection openAnother() throws SQLException {
        return url == null ? null : driver.connect(url, (Properties) properties.clone());
    }
}
