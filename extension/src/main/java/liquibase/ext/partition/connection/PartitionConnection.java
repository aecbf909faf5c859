package liquibase.ext.partition.connection;

import java.sql.Connection;
import java.sql.Driver;
import java.sql.SQLException;
import java.util.Properties;
import liquibase.database.jvm.JdbcConnection;
import liquibase.exception.DatabaseException;

/**
 * Liquibase's connection to a PostgreSQL server. It remembers how it was opened, so that workers can connect in the
 * same way. While this extension is present, Liquibase uses it for every {@code jdbc:postgresql:} URL.
 */
public class PartitionConnection extends JdbcConnection {
    /** Above the priority of liquibase-commercial's ProJdbcConnection, which is 101. */
    private static final int PRIORITY = 102;

    private static final String URL_PREFIX = "jdbc:postgresql:";

    private String url;
    private Driver driver;
    private Properties properties;
    private String changeLogLockGranted;

    /** Null where nothing watches over the connection. */
    private ConnectionWatch watch;

    /** When the DATABASECHANGELOGLOCK that was acquired through this connection was granted; null if none was. */
    String changeLogLockGranted() {
        return changeLogLockGranted;
    }

    void setChangeLogLockGranted(String granted) {
        changeLogLockGranted = granted;
    }

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
        properties = driverProperties == null ? new Properties() : (Properties) driverProperties.clone();
        // Keeps a firewall from forgetting the connection, and lets a dead peer be noticed at some time.
        properties.putIfAbsent("tcpKeepAlive", "true");
        openWatched(target, driverObject, (Properties) properties.clone());
        url = target;
        driver = driverObject;
    }

    private void openWatched(String target, Driver driverObject, Properties given) throws DatabaseException {
        unwatch();
        watch = ConnectionWatch.begin(
                        target,
                        driverObject,
                        given,
                        new WorkerConnections(this),
                        PartitionConfiguration.askAfter(),
                        LiquibaseEnvironment.report())
                .orElse(null);
        if (watch != null) {
            watch.addTo(given);
        }
        try {
            super.open(target, driverObject, given);
            if (watch != null && !watch.identify(getUnderlyingConnection())) {
                unwatch();
            }
        } catch (DatabaseException | RuntimeException e) {
            unwatch();
            throw e;
        }
    }

    private void unwatch() {
        if (watch != null) {
            watch.close();
            watch = null;
        }
    }

    @Override
    public void close() throws DatabaseException {
        try {
            super.close();
        } finally {
            unwatch();
        }
    }

    /** Whether the connection knows how to open itself again. */
    boolean canReopen() {
        return url != null;
    }

    /** Opens the same connection anew, in place of a lost one; false if it was not opened by URL. */
    boolean reopen() throws SQLException {
        if (url == null) {
            return false;
        }
        try {
            openWatched(url, driver, impatient(properties));
            return true;
        } catch (DatabaseException e) {
            throw e.getCause() instanceof SQLException cause ? cause : new SQLException(e.getMessage(), e);
        }
    }

    /** Another connection to the same database as the same user; null if this one was not opened by URL. */
    Connection openAnother() throws SQLException {
        return url == null ? null : driver.connect(url, impatient(properties));
    }

    /**
     * A network that drops everything must not hold us up, not even after the first packet. Settings in the URL take
     * precedence.
     */
    static Properties impatient(Properties properties) {
        Properties impatient = (Properties) properties.clone();
        impatient.putIfAbsent("tcpKeepAlive", "true");
        impatient.putIfAbsent("loginTimeout", "15");
        return impatient;
    }
}
