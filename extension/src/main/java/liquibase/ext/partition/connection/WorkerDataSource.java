package liquibase.ext.partition.connection;

import java.util.Optional;
import java.util.concurrent.atomic.AtomicReference;
import javax.sql.DataSource;

/**
 * The data source for workers' connections, registered by an application that runs Liquibase itself (Spring Boot, for
 * example), because Liquibase's connection does not reveal its credentials there.
 *
 * <p>Besides Liquibase's own connection, the pool must hold as many connections as the largest {@code workers} and one
 * more, and must not take a connection away from a long user. The one more asks the server about statements that take
 * long.
 */
public final class WorkerDataSource {
    private static final AtomicReference<DataSource> REGISTERED = new AtomicReference<>();

    private WorkerDataSource() {}

    /** Registers {@code dataSource} for every later run in this JVM; null takes the registration back. */
    public static void register(DataSource dataSource) {
        REGISTERED.set(dataSource);
    }

    static Optional<DataSource> registered() {
        return Optional.ofNullable(REGISTERED.get());
    }
}
