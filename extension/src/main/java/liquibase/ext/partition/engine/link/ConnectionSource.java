package liquibase.ext.partition.engine.link;

import java.sql.Connection;
import java.sql.SQLException;
import java.util.Optional;

/** Opens further connections to the database that a step works on. */
@FunctionalInterface
public interface ConnectionSource {
    /**
     * A new connection as the same role, which the caller closes; empty if the source does not know how to open one.
     *
     * @throws SQLException when opening failed, for example because the server takes no more connections
     */
    Optional<Connection> open() throws SQLException;
}
