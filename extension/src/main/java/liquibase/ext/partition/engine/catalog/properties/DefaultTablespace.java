package liquibase.ext.partition.engine.catalog.properties;

import java.sql.SQLException;
import liquibase.ext.partition.engine.sql.Session;
import liquibase.ext.partition.engine.sql.Sql;

/**
 * The tablespace of tables and indexes whose statements name none. It is set, and not left to the role's own setting,
 * so that the new table is where the source is. It is not written into the statements, because the server's text of an
 * index or a constraint, to which it would have to be added, may end in a condition.
 */
public final class DefaultTablespace {
    /** The database's own default, as the setting has it. */
    public static final String OF_THE_DATABASE = "";

    private static final Sql CURRENT = Sql.of("SELECT pg_catalog.current_setting('default_tablespace')");
    private static final Sql SET = Sql.of("SELECT pg_catalog.set_config('default_tablespace', {name}, true)");

    private DefaultTablespace() {}

    /**
     * Runs {@code work} with this tablespace, in the open transaction, or else in one of its own.
     *
     * @param tablespace the tablespace's name, or {@link #OF_THE_DATABASE}
     */
    public static void within(Session session, String tablespace, Session.Action work) throws SQLException {
        session.inTransaction(() -> {
            String before = session.queryStrings(CURRENT).get(0);
            set(session, tablespace);
            work.run();
            set(session, before);
        });
    }

    private static void set(Session session, String name) throws SQLException {
        session.queryStrings(SET.with("name", name));
    }
}
