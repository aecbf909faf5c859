package liquibase.ext.partition.connection;

import java.sql.Connection;
import java.sql.Driver;
import java.sql.SQLException;
import java.util.Optional;
import java.util.Properties;
import liquibase.database.jvm.JdbcConnection;
import liquibase.exception.DatabaseException;

/**
 * Liquibase's connection to a PostgreSQL, which remembers how it was opened, so that workers can be connected the same
 * way. It is the connection that Liquibase opens for every {@code jdbc:postgresql:} URL while this extension is there.
 */
public class PartitionConnection extends JdbcConnection {
    /** Above liquibase-commercial's ProJdbcConnection, which has 101. */
    private static final int PRIORITY = 102;

    private static final String URL_PREFIX = "jdbc:postgresql:";

    private String url;
    private Driver driver;
    private Properties properties;
    private String changeLogLockGranted;
    private Optional<ConnectionWatch> watch = Optional.empty();

    /** When the DATABASECHANGELOGLOCK was granted that was acquired through this; null where none was. */
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
        // So that a firewall does not forget it, and a dead peer is noticed at some time.
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
                LiquibaseEnvironment.report());
        watch.ifPresent(it -> it.addTo(given));
        try {
            super.open(target, driverObject, given);
            if (watch.isPresent() && !watch.get().identify(getUnderlyingConnection())) {
                unwatch();
            }
        } catch (DatabaseException | RuntimeException e) {
            unwatch();
            throw e;
        }
    }

    private void unwatch() {
        watch.ifPresent(ConnectionWatch::close);
        watch = Optional.empty();
    }

    @Override
    public void close() throws DatabaseException {
        try {
            super.close();
        } finally {
            unwatch();
        }
    }

    /** Whether it is known how to. */
    boolean canReopen() {
        return url != null;
    }

    /** Opens the same connection anew, in place of a lost one; false where this one was not opened by URL. */
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

    /** Another connection to the same database as the same user; null where this one was not opened by URL. */
    Connection openAnother() throws SQLException {
        return url == null ? null : driver.connect(url, impatient(properties));
    }

    /**
     * A network that drops everything must not hold us up, not even after the first packet. What the URL says goes
     * before.
     */
    static Properties impatient(Properties properties) {
        Properties impatient = (Properties) properties.clone();
        impatient.putIfAbsent("tcpKeepAlive", "true");
        impatient.putIfAbsent("loginTimeout", "15");
        return impatient;
    }
}
