package liquibase.ext.partition.engine.link;

import java.sql.SQLException;
import java.util.List;
import liquibase.ext.partition.engine.sql.Session;
import liquibase.ext.partition.engine.sql.Sql;

/**
 * Makes the server notice soon that the client of a session is gone, even if the network does not report it: with its
 * defaults the server would keep the session, and its locks, for two hours. TCP's keepalive and timeout end a session
 * that waits for the client; {@code client_connection_check_interval} ends one that is at work. Over a Unix socket
 * neither is needed, and the server ignores the settings of TCP.
 *
 * <p>A setting that the server's platform does not have stays as it is.
 */
public final class ClientCheck {
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
                // The server's platform cannot check whether its client is still there; then a statement runs to its
                // end.
                session.queryBoolean(Sql.of("SELECT true"));
            }
        }
    }

    private final Settings before;

    private ClientCheck(Settings before) {
        this.before = before;
    }

    /** Must run outside a transaction, because a setting that the server does not have would end it. */
    public static ClientCheck begin(Session session) throws SQLException {
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

    /** Restores the settings that the session had before. */
    public void end(Session session) throws SQLException {
        before.set(session);
    }
}
