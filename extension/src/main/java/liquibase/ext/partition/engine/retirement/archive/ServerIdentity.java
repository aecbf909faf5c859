package liquibase.ext.partition.engine.retirement.archive;

import java.sql.SQLException;
import liquibase.ext.partition.engine.sql.Session;
import liquibase.ext.partition.engine.sql.Sql;
import liquibase.ext.partition.engine.sql.SqlState;

/**
 * Tells a database from a clone that was made by a dump, or by {@code CREATE DATABASE … TEMPLATE}, and has the same
 * records: by the cluster's system identifier, where we may ask for it, and the database's oid. Takes no lock.
 */
public final class ServerIdentity {
    private static final Sql DATABASE = Sql.of(
            "SELECT d.oid::pg_catalog.text FROM pg_catalog.pg_database AS d WHERE d.datname = pg_catalog.current_database()");

    private static final Sql MAY_ASK =
            Sql.of("SELECT pg_catalog.has_function_privilege('pg_catalog.pg_control_system()', 'EXECUTE')");

    private static final Sql CLUSTER =
            Sql.of("SELECT c.system_identifier::pg_catalog.text FROM pg_catalog.pg_control_system() AS c");

    private ServerIdentity() {}

    /** The two, as one text. */
    public static String of(Session session) throws SQLException {
        return "cluster %s database %s"
                .formatted(cluster(session), session.queryStrings(DATABASE).get(0));
    }

    private static String cluster(Session session) throws SQLException {
        if (!session.queryBoolean(MAY_ASK)) {
            return "unknown";
        }
        try {
            return session.queryStrings(CLUSTER).get(0);
        } catch (SQLException e) {
            if (SqlState.isConnectionLost(e)) {
                throw e;
            }
            // A service may withhold more than its rights show.
            return "unknown";
        }
    }
}
