package liquibase.ext.partition.engine.run;

import java.sql.SQLException;
import java.util.List;
import liquibase.ext.partition.engine.sql.Session;
import liquibase.ext.partition.engine.sql.Sql;

/**
 * Makes the server notice soon that the client of a session is gone, also where the network does not say so: with its
 * defaults it would keep the session, and its locks, for two hours. What waits for the client is ended by TCP's
 * keepalive and timeout, what is at work by {@code client_connection_check_interval}. Over a Unix socket none is
 * needed, and the server ignores the settings of TCP.
 *
 * <p>Where the platform of the server has not got one of them, that one stays as it is.
 */
final class ClientCheck {
    private static final Sql READ = Sql.of("""
            SELECT pg_catalog.current_setting('tcp_keepalives_idle') AS idle,
                   pg_catalog.current_setting('tcp_keepalives_interval') AS interval,
                   pg_catalog.current_setting('tcp_keepalives_count') AS count,
                   pg_catalog.current_setting('tcp_user_timeout') AS timeout,
                   pg_catalog.current_setting('client_connection_check_interval') AS at_work""");

    private static final Sql SET = Sql.of("""
            SELECT pg_catalog.set_config('tcp_keepalives_idle', {idle}, false),
                   pg_catalog.set_config('tcp_keepalives_interval', {interval}, false),
                   pg_catalog.set_config('tcp_keepalives_count', {count}, false),
                   pg_catalog.set_config('tcp_user_timeout', {timeout}, false)""");

    private static final Sql SET_AT_WORK =
            Sql.of("SELECT pg_catalog.set_config('client_connection_check_interval', {atWork}, false)");

    private record Settings(String idle, String interval, String count, String timeout, String atWork) {
        static final Settings OURS = new Settings("10", "5", "3", "25s", "5s");

        void set(Session session) throws SQLException {
            session.queryStrings(SET.with("idle", idle)
                    .with("interval", interval)
                    .with("count", count)
                    .with("timeout", timeout));
            try {
                session.queryStrings(SET_AT_WORK.with("atWork", atWork));
            } catch (SQLException e) {
                // The server's platform cannot tell whether its client is still there; then a statement runs to its
                // end.
                session.queryBoolean(Sql.of("SELECT true"));
            }
        }
    }

    private final Settings before;

    private ClientCheck(Settings before) {
        this.before = before;
    }

    /** Outside a transaction, which a setting that the server has not got would end. */
    static ClientCheck begin(Session session) throws SQLException {
        List<Settings> before = session.query(
                READ,
                row -> new Settings(
                        row.getString("idle"),
                        row.getString("interval"),
                        row.getString("count"),
                        row.getString("timeout"),
                        row.getString("at_work")));
        Settings.OURS.set(session);
        return new ClientCheck(before.get(0));
    }

    /** Puts back what the session had before. */
    void end(Session session) throws SQLException {
        before.set(session);
    }
}
