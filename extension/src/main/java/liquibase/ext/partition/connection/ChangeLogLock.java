package liquibase.ext.partition.connection;

import java.sql.SQLException;
import java.util.Optional;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import liquibase.database.Database;
import liquibase.database.ObjectQuotingStrategy;
import liquibase.ext.partition.engine.sql.Session;
import liquibase.ext.partition.engine.sql.Sql;

/**
 * The holder of DATABASECHANGELOGLOCK, and whether that runner is alive. The lock's row outlives a killed runner. So
 * the runner's session also holds a shared advisory lock, which does not outlive it, and the row names that session:
 * {@code LOCKEDBY} gets {@code ", pid 4711"} at its end. A row without it was written by a Liquibase without this
 * extension, about which nothing can be known.
 *
 * <p>The advisory lock is a sign, and keeps nobody out. Statements commit, or not, with the transaction that runs them;
 * the advisory lock is taken and released at once.
 */
final class ChangeLogLock {
    /** The largest length of LOCKEDBY. */
    private static final int ROOM = 255;

    private static final Pattern MARK = Pattern.compile(", pid (\\d+)$");

    private static final Sql TAKE = Sql.of("""
            SELECT pg_catalog.pg_advisory_lock_shared(pg_catalog.hashtextextended({label}, 0))""");

    /** Unlocking a lock that is not held would raise a warning. */
    private static final Sql GIVE_BACK = Sql.of("""
            SELECT pg_catalog.pg_advisory_unlock_shared(pg_catalog.hashtextextended({label}, 0))
            WHERE EXISTS (SELECT FROM pg_catalog.pg_locks AS l WHERE {held} AND l.pid = pg_catalog.pg_backend_pid())""");

    private static final Sql HELD = Sql.of("""
            l.locktype = 'advisory' AND l.objsubid = 1 AND l.granted AND l.mode = 'ShareLock'
              AND l.database = (SELECT oid FROM pg_catalog.pg_database WHERE datname = pg_catalog.current_database())
              AND l.classid = ((pg_catalog.hashtextextended({label}, 0) >> 32) & 4294967295)::pg_catalog.oid
              AND l.objid = (pg_catalog.hashtextextended({label}, 0) & 4294967295)::pg_catalog.oid""");

    private static final Sql IS_OURS = Sql.of("""
            SELECT EXISTS (SELECT FROM pg_catalog.pg_locks AS l WHERE {held} AND l.pid = pg_catalog.pg_backend_pid())""");

    private static final Sql SIGN = Sql.of("""
            UPDATE {table} SET lockedby = pg_catalog.left(lockedby, {room} - pg_catalog.length(m.mark)) || m.mark
            FROM (SELECT ', pid ' || pg_catalog.pg_backend_pid() AS mark) AS m
            WHERE id = 1 AND locked""");

    private static final Sql SIGN_AGAIN = Sql.of("""
            UPDATE {table} SET lockedby = pg_catalog.regexp_replace(lockedby, {before}, ', pid ' || pg_catalog.pg_backend_pid())
            WHERE id = 1 AND locked AND lockedby ~ {before}""");

    private static final Sql GRANTED = Sql.of(
            "SELECT lockgranted::pg_catalog.text FROM {table} WHERE id = 1 AND locked AND lockgranted IS NOT NULL");

    private static final Sql HOLDER = Sql.of("""
            SELECT lockedby, pg_catalog.date_trunc('second', lockgranted)::pg_catalog.text AS since FROM {table} WHERE locked ORDER BY id LIMIT 1""");

    private static final Sql ALIVE = Sql.of("""
            SELECT pg_catalog.format('%s from %s, connected since %s', coalesce(nullif(a.application_name, ''), 'no application_name'),
                          coalesce(a.client_hostname, pg_catalog.host(a.client_addr), 'a local socket, or as another role'),
                          coalesce(pg_catalog.date_trunc('second', a.backend_start)::pg_catalog.text, 'a time that is not shown to us'))
            FROM pg_catalog.pg_locks AS l LEFT JOIN pg_catalog.pg_stat_activity AS a ON a.pid = l.pid
            WHERE l.pid = {pid} AND {held}""");

    private record Row(String lockedBy, String since) {}

    private final Session session;
    private final Sql table;
    private final String label;

    ChangeLogLock(Session session, Database database) {
        this.session = session;
        String name = name(database);
        this.table = Sql.raw(name);
        this.label = "liquibase-partition changelog lock " + name;
    }

    /** The name as Liquibase itself writes it, whatever the changelog wants quoted. */
    private static String name(Database database) {
        ObjectQuotingStrategy strategy = database.getObjectQuotingStrategy();
        database.setObjectQuotingStrategy(ObjectQuotingStrategy.LEGACY);
        try {
            return database.escapeTableName(
                    database.getLiquibaseCatalogName(),
                    database.getLiquibaseSchemaName(),
                    database.getDatabaseChangeLogLockTableName());
        } finally {
            database.setObjectQuotingStrategy(strategy);
        }
    }

    /** Whether this session has marked itself as the holder, and has not removed the mark. */
    boolean isOurs() throws SQLException {
        return session.queryBoolean(IS_OURS.with("held", held()));
    }

    /** Marks this session as the holder. Must be called when Liquibase has got its lock. */
    void sign() throws SQLException {
        session.queryStrings(TAKE.with("label", label));
        session.update(SIGN.with("table", table).with("room", ROOM));
    }

    /** Marks this session as the holder in place of an earlier session of the same runner. */
    void signAgain(long earlierPid) throws SQLException {
        session.queryStrings(TAKE.with("label", label));
        session.update(SIGN_AGAIN.with("table", table).with("before", ", pid " + earlierPid + "$"));
    }

    /** Removes the mark; does nothing if there is none. Only Liquibase changes the row. */
    void unsign() throws SQLException {
        session.queryStrings(GIVE_BACK.with("label", label).with("held", held()));
    }

    /** The exact time at which the present lock was granted; empty if nobody holds it. */
    Optional<String> granted() throws SQLException {
        return session.queryStrings(GRANTED.with("table", table)).stream().findFirst();
    }

    /** The holder, whether it is alive, and what to run; empty if nobody holds the lock. */
    Optional<String> holder() throws SQLException {
        Optional<Row> row = session.queryFirst(
                HOLDER.with("table", table), it -> new Row(it.getString("lockedby"), it.getString("since")));
        if (row.isEmpty()) {
            return Optional.empty();
        }
        String who = "%s is held by %s since %s."
                .formatted(table.text(), row.get().lockedBy(), row.get().since());
        Matcher mark =
                MARK.matcher(row.get().lockedBy() == null ? "" : row.get().lockedBy());
        if (!mark.find()) {
            return Optional.of(
                    who
                            + " Whether that runner is alive cannot be told: it ran without liquibase-partition. Look for it on its host and in pg_stat_activity; only if it has ended, run liquibase release-locks.");
        }
        long pid = Long.parseLong(mark.group(1));
        Optional<String> alive = session.queryFirst(ALIVE.with("pid", pid).with("held", held()), it -> it.getString(1));
        return Optional.of(
                alive.map(backend -> who
                                + " That runner is alive: pid %s (%s). Wait until it has ended; if it must not go on, stop it, or SELECT pg_terminate_backend(%s)."
                                        .formatted(pid, backend, pid))
                        .orElse(
                                who
                                        + " That runner is not alive: its session has ended on the server. Run liquibase release-locks, then run again; it goes on from there."));
    }

    private Sql held() {
        return HELD.with("label", label);
    }
}
