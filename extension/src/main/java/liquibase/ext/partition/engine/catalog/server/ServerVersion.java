package liquibase.ext.partition.engine.catalog.server;

import java.sql.SQLException;
import liquibase.ext.partition.engine.sql.Session;
import liquibase.ext.partition.engine.sql.Sql;

/** The server's major version, on which its catalog and its statements depend. */
public final class ServerVersion {
    /** Since PostgreSQL 10 the number is the major version times ten thousand, plus the minor version. */
    private static final Sql IS_AT_LEAST =
            Sql.of("SELECT pg_catalog.current_setting('server_version_num')::integer / 10000 >= {major}");

    private ServerVersion() {}

    /** Whether it is PostgreSQL {@code major} or newer. */
    public static boolean isAtLeast(Session session, int major) throws SQLException {
        return session.queryBoolean(IS_AT_LEAST.with("major", major));
    }
}
