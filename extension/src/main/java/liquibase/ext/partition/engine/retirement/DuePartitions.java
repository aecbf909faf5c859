package liquibase.ext.partition.engine.retirement;

import java.sql.ResultSet;
import java.sql.SQLException;
import java.time.LocalDate;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import liquibase.ext.partition.engine.partitioning.PartitionInterval;
import liquibase.ext.partition.engine.partitioning.PartitionKey;
import liquibase.ext.partition.engine.partitioning.PartitionLayout;
import liquibase.ext.partition.engine.partitioning.Retention;
import liquibase.ext.partition.engine.partitioning.Routing;
import liquibase.ext.partition.engine.sql.QualifiedName;
import liquibase.ext.partition.engine.sql.Session;
import liquibase.ext.partition.engine.sql.Sql;
import liquibase.ext.partition.engine.sql.SqlState;
import liquibase.ext.partition.engine.state.Phase;
import liquibase.ext.partition.engine.state.StateTables;

/**
 * The server's answer to one question: which partitions a table has now, and what day it is.
 *
 * <p>Until the backup is dropped, the table is the one that the migration has made. Later it is the one that has the
 * name: a database that was dumped and restored has given it another oid.
 *
 * @param table its oid; 0 if there is none
 * @param kept how many intervals were to stay at the last update; empty if no retirement has run
 * @param all without the table itself, by name
 */
record DuePartitions(
        PartitionLayout layout,
        Routing routing,
        Phase phase,
        long table,
        LocalDate today,
        Optional<Integer> kept,
        List<AgedPartition> all) {
    private static final Sql QUESTION = Sql.of("""
            SELECT m.phase, m.routing, coalesce(t.oid, 0)::bigint AS oid, m.partition_prefix, m.partition_interval, m.range_from, m.range_until, m.keep,
                   (pg_catalog.clock_timestamp() AT TIME ZONE 'UTC')::pg_catalog.date AS today,
                   ARRAY(SELECT ARRAY[c.oid::pg_catalog.text, n.nspname::pg_catalog.text, c.relname::pg_catalog.text, c.relkind::pg_catalog.text,
                                      pg_catalog.pg_get_expr(c.relpartbound, c.oid)]
                         FROM pg_catalog.pg_inherits AS i
                         JOIN pg_catalog.pg_class AS c ON c.oid = i.inhrelid
                         JOIN pg_catalog.pg_namespace AS n ON n.oid = c.relnamespace
                         WHERE i.inhparent = t.oid
                         ORDER BY c.relname, n.nspname) AS present
            FROM {migration} AS m
            LEFT JOIN LATERAL (
              SELECT m.new_oid::pg_catalog.oid AS oid WHERE m.phase <> {dropped}
              UNION ALL
              SELECT c.oid FROM pg_catalog.pg_class AS c JOIN pg_catalog.pg_namespace AS n ON n.oid = c.relnamespace
              WHERE m.phase = {dropped} AND n.nspname = m.source_schema AND c.relname = m.source_table AND c.relkind IN ('r', 'p')
            ) AS t ON true
            WHERE m.source_schema = {schema} AND m.source_table = {table}""");

    /** An expression as a key is one of ours, of type timestamp. */
    private static final Sql TYPE = Sql.of("""
            SELECT coalesce(pg_catalog.format_type(a.atttypid, a.atttypmod), 'timestamp')
            FROM pg_catalog.pg_partitioned_table AS p
            LEFT JOIN pg_catalog.pg_attribute AS a ON a.attrelid = p.partrelid AND a.attnum = p.partattrs[0] AND a.attnum > 0
            WHERE p.partrelid = {oid}""");

    private static final Sql OLD = Sql.of("""
            SELECT u.place FROM (VALUES {bounds}) AS u (place, upper) WHERE u.upper <= ({start})::{type} ORDER BY u.upper, u.place""");

    private static final Sql BOUND = Sql.of("({place}, ({upper})::{type})");

    /** Asks the server; empty if no migration of the table has begun. Takes no lock. */
    static Optional<DuePartitions> ask(Session session, StateTables state, QualifiedName source) throws SQLException {
        try {
            return session.queryFirst(
                    QUESTION.with("migration", state.migration())
                            .with("dropped", Phase.DROPPED.word())
                            .with("schema", source.schema().name())
                            .with("table", source.name().name()),
                    DuePartitions::read);
        } catch (SQLException e) {
            if (SqlState.UNDEFINED_TABLE.matches(e)) {
                // There are no state tables, so no migration has begun.
                return Optional.empty();
            }
            throw e;
        }
    }

    private static DuePartitions read(ResultSet row) throws SQLException {
        List<AgedPartition> all = new ArrayList<>();
        for (Object one : (Object[]) row.getArray("present").getArray()) {
            String[] it = (String[]) one;
            all.add(new AgedPartition(
                    Long.parseLong(it[0]),
                    QualifiedName.of(it[1], it[2]),
                    it[3].charAt(0),
                    Optional.ofNullable(it[4])));
        }
        return new DuePartitions(
                new PartitionLayout(
                        row.getString("partition_prefix"),
                        PartitionInterval.parse(row.getString("partition_interval")),
                        row.getObject("range_from", LocalDate.class),
                        row.getObject("range_until", LocalDate.class)),
                Routing.parse(row.getString("routing")),
                Phase.parse(row.getString("phase")),
                row.getLong("oid"),
                row.getObject("today", LocalDate.class),
                Optional.ofNullable(row.getObject("keep", Integer.class)),
                all);
    }

    /**
     * The partitions that may be due. Before the swap there are none. Where triggers route the rows there are none
     * before the drop of the backup either: the steps between know each child by its name.
     */
    List<AgedPartition> candidates(Retention retention) {
        if (!phase.isAtLeast(routing == Routing.NATIVE ? Phase.SWAPPED : Phase.DROPPED)) {
            return List.of();
        }
        LocalDate start = start(retention);
        return all.stream().filter(it -> it.mayBeDue(layout, start)).toList();
    }

    /** Whether something may be to be done: a partition may be due, or others are to stay than at the last update. */
    boolean mayNeed(Retention retention) {
        return phase.isAtLeast(Phase.SWAPPED)
                && (!kept.equals(Optional.of(retention.keep()))
                        || !candidates(retention).isEmpty());
    }

    /** The first day that is kept. */
    LocalDate start(Retention retention) {
        return retention.start(layout.interval(), today);
    }

    /** The type of the partition key of the table with that oid. */
    static Sql typeOfKey(Session session, long table) throws SQLException {
        return Sql.raw(session.queryStrings(TYPE.with("oid", table)).get(0));
    }

    /** The partitions that are due, the oldest one first. The server compares the bounds, in the type of the key. */
    List<AgedPartition> due(Session session, PartitionKey key, Retention retention) throws SQLException {
        List<AgedPartition> candidates = candidates(retention);
        if (candidates.isEmpty() || routing == Routing.TRIGGER) {
            return candidates;
        }
        Sql type = typeOfKey(session, table);
        List<Sql> bounds = new ArrayList<>();
        for (int i = 0; i < candidates.size(); i++) {
            bounds.add(BOUND.with("place", Sql.raw(Integer.toString(i)))
                    .with("upper", Sql.raw(candidates.get(i).upper().orElseThrow()))
                    .with("type", type));
        }
        return session.query(
                OLD.with("bounds", Sql.list(bounds))
                        .with("start", key.bound(start(retention)))
                        .with("type", type),
                row -> candidates.get(row.getInt("place")));
    }
}
