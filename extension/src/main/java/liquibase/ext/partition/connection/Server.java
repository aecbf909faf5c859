package liquibase.ext.partition.connection;

import java.sql.SQLException;
import java.util.Optional;
import liquibase.ext.partition.engine.sql.Session;
import liquibase.ext.partition.engine.sql.Sql;
import liquibase.ext.partition.engine.sql.SqlState;

/**
 * The cluster and the database that a connection has reached. A standby that was promoted is the same cluster; a copy
 * that was restored or replicated logically is another one.
 *
 * <p>Asked of a session that is not pinned: the question for the cluster may fail, so no transaction may be open.
 *
 * @param cluster the cluster's system identifier; null if we may not ask for it
 * @param database the database's oid
 */
record Server(String cluster, long database) {
    private static final Sql DATABASE = Sql.of("""
            SELECT d.oid FROM pg_catalog.pg_database AS d WHERE d.datname OPERATOR(pg_catalog.=) pg_catalog.current_database()""");

    private static final Sql MAY_ASK =
            Sql.of("SELECT pg_catalog.has_function_privilege('pg_catalog.pg_control_system()', 'EXECUTE')");

    private static final Sql CLUSTER = Sql.of("SELECT c.system_identifier FROM pg_catalog.pg_control_system() AS c");

    private static final Sql IN_RECOVERY = Sql.of("SELECT pg_catalog.pg_is_in_recovery()");

    private static final Sql READ_ONLY =
            Sql.of("SELECT pg_catalog.current_setting('transaction_read_only') OPERATOR(pg_catalog.=) 'on'");

    static Server of(Session session) throws SQLException {
        return new Server(
                cluster(session),
                session.queryOnAnyPath(DATABASE, row -> row.getLong(1)).get(0));
    }

    private static String cluster(Session session) throws SQLException {
        // A refusal would end Liquibase's transaction.
        if (session.isInTransaction() || !is(session, MAY_ASK)) {
            return null;
        }
        try {
            return session.queryOnAnyPath(CLUSTER, row -> row.getString(1)).get(0);
        } catch (SQLException e) {
            if (SqlState.isConnectionLost(e)) {
                throw e;
            }
            // A service may withhold more than its rights show.
            return null;
        }
    }

    private static boolean is(Session session, Sql question) throws SQLException {
        return session.queryOnAnyPath(question, row -> row.getBoolean(1)).get(0);
    }

    boolean isOther(Server now) {
        boolean otherCluster = cluster != null && now.cluster != null && !cluster.equals(now.cluster);
        return otherCluster || database != now.database;
    }

    /** Why the server takes no writes now, in words that continue a sentence; empty if it takes them. */
    static Optional<String> whyNotWritable(Session session) throws SQLException {
        if (is(session, IN_RECOVERY)) {
            return Optional.of("it is a standby, or still in recovery");
        }
        return is(session, READ_ONLY) ? Optional.of("default_transaction_read_only is on") : Optional.empty();
    }

    @Override
    public String toString() {
        return "database %d of cluster %s".formatted(database, cluster == null ? "(not told)" : cluster);
    }
}
