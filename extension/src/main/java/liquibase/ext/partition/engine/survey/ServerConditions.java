package liquibase.ext.partition.engine.survey;

import java.sql.SQLException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import liquibase.ext.partition.engine.sql.Session;
import liquibase.ext.partition.engine.sql.Sql;

/**
 * The settings and the state of the server that the migration of every table of a database depends on. Sees as much of
 * other sessions as the role may see, and says so.
 */
final class ServerConditions {
    /** TID range scans came with it; without them every chunk would read the whole table. */
    private static final int OLDEST_SERVER = 140000;

    /** Capture and swap try to get their locks for longer than this; an older transaction is worth a look before. */
    private static final Duration LONG = Duration.ofMinutes(5);

    private static final Sql SERVER = Sql.of("""
            SELECT pg_catalog.current_setting('server_version') AS version, pg_catalog.current_setting('server_version_num')::integer AS number,
                   pg_catalog.pg_is_in_recovery() AS replica, pg_catalog.quote_ident(current_user) AS role,
                   pg_catalog.current_setting('wal_level') AS wal_level, pg_catalog.current_setting('max_wal_size') AS max_wal_size
            """);

    private static final Sql SLOTS = Sql.of("""
            SELECT pg_catalog.format('%I', s.slot_name) FROM pg_catalog.pg_replication_slots AS s
            WHERE s.slot_type = 'logical' AND s.database = pg_catalog.current_database() ORDER BY 1
            """);

    private static final Sql INACTIVE_SLOTS = Sql.of("""
            SELECT pg_catalog.format('%I', s.slot_name) FROM pg_catalog.pg_replication_slots AS s WHERE NOT s.active ORDER BY 1
            """);

    private static final Sql REPLICAS = Sql.of("SELECT pg_catalog.count(*) FROM pg_catalog.pg_stat_replication");

    private static final Sql LONG_TRANSACTIONS = Sql.of("""
            SELECT pg_catalog.format('pid %s (%s, %s, for %s)', a.pid, coalesce(nullif(a.application_name, ''), a.usename::pg_catalog.text), a.state,
                          pg_catalog.date_trunc('second', pg_catalog.clock_timestamp() - a.xact_start))
            FROM pg_catalog.pg_stat_activity AS a
            WHERE a.datname = pg_catalog.current_database() AND a.backend_type = 'client backend' AND a.pid <> pg_catalog.pg_backend_pid()
              AND a.xact_start < pg_catalog.clock_timestamp() - pg_catalog.make_interval(secs => {seconds})
            ORDER BY a.xact_start
            LIMIT 5
            """);

    /** Of another role's session only its existence is shown. */
    private static final Sql HIDDEN_SESSIONS = Sql.of("""
            SELECT pg_catalog.count(*) FROM pg_catalog.pg_stat_activity AS a
            WHERE a.datname = pg_catalog.current_database() AND a.pid <> pg_catalog.pg_backend_pid() AND a.state IS NULL
              AND a.usesysid IS NOT NULL AND NOT pg_catalog.pg_has_role(a.usesysid, 'USAGE')
            """);

    private static final Sql PREPARED = Sql.of("""
            SELECT pg_catalog.format('%L (since %s)', p.gid, pg_catalog.date_trunc('second', p.prepared))
            FROM pg_catalog.pg_prepared_xacts AS p WHERE p.database = pg_catalog.current_database() ORDER BY p.prepared LIMIT 5
            """);

    /** The last parameter came with PostgreSQL 17. */
    private static final Sql TIMEOUTS = Sql.of("""
            SELECT name || ' ' || pg_catalog.current_setting(name)
            FROM pg_catalog.unnest(ARRAY['statement_timeout', 'lock_timeout', 'idle_in_transaction_session_timeout', 'transaction_timeout'])
                   WITH ORDINALITY AS t (name, place)
            JOIN pg_catalog.pg_settings AS s USING (name)
            WHERE s.reset_val <> '0' ORDER BY t.place
            """);

    private record Server(
            String version, int number, boolean replica, String role, String walLevel, String maxWalSize) {}

    private final Session session;

    ServerConditions(Session session) {
        this.session = session;
    }

    List<Condition> read() throws SQLException {
        Server server = session.queryFirst(
                        SERVER,
                        row -> new Server(
                                row.getString("version"),
                                row.getInt("number"),
                                row.getBoolean("replica"),
                                row.getString("role"),
                                row.getString("wal_level"),
                                row.getString("max_wal_size")))
                .orElseThrow();
        List<Condition> conditions = new ArrayList<>();
        conditions.add(version(server));
        conditions.add(wal(server));
        conditions.add(replicas());
        inactiveSlots().ifPresent(conditions::add);
        conditions.add(transactions(server));
        conditions.add(prepared());
        conditions.add(timeouts(server));
        conditions.add(Condition.advice(
                "free disk",
                "not known",
                "SQL does not tell it: see on the server that there is room for what is reckoned for each table, and for its WAL (max_wal_size is %s)."
                        .formatted(server.maxWalSize())));
        return conditions;
    }

    private static Condition version(Server server) {
        if (server.number() < OLDEST_SERVER) {
            return Condition.refused(
                    "server", "PostgreSQL " + server.version(), "PostgreSQL 14 or newer is needed; upgrade it first.");
        }
        if (server.replica()) {
            return Condition.refused(
                    "server",
                    "PostgreSQL %s, a replica".formatted(server.version()),
                    "It takes no writes; name the primary in --url.");
        }
        return Condition.ok("server", "PostgreSQL " + server.version(), "14 or newer is needed.");
    }

    private Condition wal(Server server) throws SQLException {
        List<String> slots = session.queryStrings(SLOTS);
        return slots.isEmpty()
                ? Condition.ok("wal_level", server.walLevel(), "No logical replication slot decodes this database.")
                : Condition.advice(
                        "wal_level",
                        server.walLevel(),
                        "Logical replication slots decode all that is copied, and keep WAL until they have: %s. See that their consumers keep up, and what they do with a partitioned table."
                                .formatted(String.join(", ", slots)));
    }

    private Condition replicas() throws SQLException {
        long count = session.queryLong(REPLICAS);
        return count == 0
                ? Condition.ok("replicas", "none attached", "Nobody waits for the copy's WAL.")
                : Condition.advice(
                        "replicas",
                        count + " attached",
                        "They get the WAL of the whole copy; watch their lag, and lower workers where it grows.");
    }

    private Optional<Condition> inactiveSlots() throws SQLException {
        List<String> slots = session.queryStrings(INACTIVE_SLOTS);
        return slots.isEmpty()
                ? Optional.empty()
                : Optional.of(Condition.advice(
                        "replication slots",
                        slots.size() + " not in use",
                        "They keep all WAL of the copy on disk: %s. Start their consumers; where one is gone for good, pg_drop_replication_slot."
                                .formatted(String.join(", ", slots))));
    }

    private Condition transactions(Server server) throws SQLException {
        List<String> old = session.queryStrings(LONG_TRANSACTIONS.with("seconds", (double) LONG.toSeconds()));
        long hidden = session.queryLong(HIDDEN_SESSIONS);
        String notSeen = hidden == 0
                ? ""
                : " %d sessions of other roles are not shown to %s; GRANT pg_read_all_stats TO %s shows them."
                        .formatted(hidden, server.role(), server.role());
        if (!old.isEmpty()) {
            return Condition.advice(
                    "long transactions",
                    old.size() + " older than 5 min",
                    "Capture waits for those that have written the table, and the swap for those that may read it: %s. End them before.%s"
                            .formatted(String.join("; ", old), notSeen));
        }
        return hidden == 0
                ? Condition.ok("long transactions", "none older than 5 min", "Capture and swap wait for such.")
                : Condition.advice("long transactions", "none that is shown", notSeen.strip());
    }

    private Condition prepared() throws SQLException {
        List<String> prepared = session.queryStrings(PREPARED);
        return prepared.isEmpty()
                ? Condition.ok("prepared transactions", "none", "They keep their locks until somebody ends them.")
                : Condition.advice(
                        "prepared transactions",
                        Integer.toString(prepared.size()),
                        "They keep their locks until somebody ends them, and capture or swap may wait in vain: %s. COMMIT PREPARED or ROLLBACK PREPARED them."
                                .formatted(String.join(", ", prepared)));
    }

    private Condition timeouts(Server server) throws SQLException {
        List<String> timeouts = session.queryStrings(TIMEOUTS);
        return timeouts.isEmpty()
                ? Condition.ok(
                        "timeouts",
                        "none",
                        "No statement of role %s is cancelled for its length.".formatted(server.role()))
                : Condition.advice(
                        "timeouts",
                        String.join(", ", timeouts),
                        "They are meant for the application and may end a step in the middle; set them to 0 for the role that runs Liquibase: ALTER ROLE %s SET … = 0."
                                .formatted(server.role()));
    }
}
