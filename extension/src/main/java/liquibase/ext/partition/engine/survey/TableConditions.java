package liquibase.ext.partition.engine.survey;

import java.sql.SQLException;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import liquibase.ext.partition.engine.catalog.Table;
import liquibase.ext.partition.engine.lock.LockTable;
import liquibase.ext.partition.engine.newtable.NewTableSpec;
import liquibase.ext.partition.engine.sql.Session;
import liquibase.ext.partition.engine.sql.Sql;

/** The settings and state that the migration of one table depends on. */
final class TableConditions {
    /**
     * If the role or the database has a limit of its own, the smallest limit counts. {@code reserved_connections} came
     * with version 16.
     */
    private static final Sql CONNECTIONS = Sql.of("""
            SELECT least(
                     pg_catalog.current_setting('max_connections')::integer - pg_catalog.current_setting('superuser_reserved_connections')::integer
                       - coalesce(pg_catalog.current_setting('reserved_connections', true)::integer, 0)
                       - (SELECT pg_catalog.count(*) FROM pg_catalog.pg_stat_activity WHERE backend_type = 'client backend'),
                     (SELECT CASE WHEN r.rolconnlimit >= 0 THEN r.rolconnlimit
                                    - (SELECT pg_catalog.count(*) FROM pg_catalog.pg_stat_activity AS a WHERE a.usesysid = r.oid) END
                      FROM pg_catalog.pg_roles AS r WHERE r.rolname = current_user),
                     (SELECT CASE WHEN d.datconnlimit >= 0 THEN d.datconnlimit
                                    - (SELECT pg_catalog.count(*) FROM pg_catalog.pg_stat_activity AS a WHERE a.datid = d.oid) END
                      FROM pg_catalog.pg_database AS d WHERE d.datname = pg_catalog.current_database()))
            """);

    private static final Sql AUTOVACUUM = Sql.of("""
            SELECT pg_catalog.current_setting('autovacuum')::boolean
               AND coalesce((SELECT pg_catalog.split_part(o, '=', 2)::boolean FROM pg_catalog.unnest(c.reloptions) AS o
                             WHERE o LIKE 'autovacuum_enabled=%'), true)
            FROM pg_catalog.pg_class AS c WHERE c.oid = {oid}
            """);

    private final Session session;
    private final Table source;
    private final NewTableSpec spec;

    TableConditions(Session session, Table source, NewTableSpec spec) {
        this.session = session;
        this.source = source;
        this.spec = spec;
    }

    List<Condition> read(int workers) throws SQLException {
        List<Condition> conditions = new ArrayList<>();
        conditions.add(locks());
        conditions.add(connections(workers));
        conditions.add(autovacuum());
        return conditions;
    }

    private Condition locks() throws SQLException {
        LockTable table = LockTable.read(session);
        long wanted = Feasibility.locks(source, spec);
        String value = number(table.capacity() - table.used()) + " locks free";
        String need = "%s partitions with their indexes take up to %s."
                .formatted(number(spec.layout().partitions().size()), number(wanted));
        return table.hasRoomFor(wanted)
                ? Condition.ok("max_locks_per_transaction", value, need)
                : Condition.refused(
                        "max_locks_per_transaction",
                        value,
                        need + " Raise it (needs a restart), or make fewer partitions.");
    }

    private Condition connections(int workers) throws SQLException {
        long free = session.queryLong(CONNECTIONS);
        // One connection for Liquibase itself.
        long wanted = workers + 1L;
        String need = "The migration takes %s: Liquibase's own, and %s for workers."
                .formatted(number(wanted), number(workers));
        return free >= wanted
                ? Condition.ok("connections", number(free) + " free", need)
                : Condition.advice(
                        "connections",
                        number(Math.max(0, free)) + " free",
                        need + " With fewer it goes on, slower; lower workers, or free some.");
    }

    private Condition autovacuum() throws SQLException {
        return session.queryBoolean(AUTOVACUUM.with("oid", source.oid()))
                ? Condition.ok("autovacuum", "on", "It keeps the statistics by which this was reckoned.")
                : Condition.advice(
                        "autovacuum",
                        "off for this table",
                        "The numbers above are as old as its last ANALYZE, and the delta table is not cleaned up; switch it on, or VACUUM (ANALYZE) it and the delta table by hand.");
    }

    private static String number(long number) {
        return String.format(Locale.ROOT, "%,d", number);
    }
}
