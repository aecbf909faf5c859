package liquibase.ext.partition.connection;

import java.util.Optional;
import java.util.concurrent.atomic.AtomicReference;
import javax.sql.DataSource;

/**
 * Where an application that runs Liquibase itself (Spring Boot, for one) says where workers' connections come from. Its
 * own connection tells no credentials.
 *
 * <p>The pool must hold as many connections as the largest {@code workers} and one more beside Liquibase's own, and
 * must not take a connection away from a long user. The one more asks what has become of a statement that takes long.
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
