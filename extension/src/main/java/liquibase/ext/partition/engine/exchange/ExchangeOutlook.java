package liquibase.ext.partition.engine.exchange;

import java.sql.SQLException;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.OptionalLong;
import liquibase.ext.partition.engine.PartitionException;
import liquibase.ext.partition.engine.catalog.Obstacle;
import liquibase.ext.partition.engine.catalog.PartitionTree;
import liquibase.ext.partition.engine.catalog.Table;
import liquibase.ext.partition.engine.catalog.TableReader;
import liquibase.ext.partition.engine.newtable.NewTable;
import liquibase.ext.partition.engine.partitioning.PartitionLayout;
import liquibase.ext.partition.engine.rows.RowKey;
import liquibase.ext.partition.engine.sql.Identifier;
import liquibase.ext.partition.engine.sql.QualifiedName;
import liquibase.ext.partition.engine.sql.Session;
import liquibase.ext.partition.engine.sql.Sql;
import liquibase.ext.partition.engine.state.Migration;
import liquibase.ext.partition.engine.state.Migrations;
import liquibase.ext.partition.engine.state.Phase;
import liquibase.ext.partition.engine.state.StateTables;
import liquibase.ext.partition.engine.upkeep.PresentPartitions;

/**
 * An exchange as it would be, told before anything is made. Reads the catalog only, and changes nothing.
 *
 * @param spec the exchange as it is asked for
 * @param parent the partitioned table; empty if the partition is none
 * @param leaving what would be copied and leave, in the order of the bounds, as far as it is known
 * @param layout the new partitions; empty if it is refused before they are known
 * @param rows about how many rows are copied, by the statistics; empty if a partition was never analyzed
 * @param locked what writers wait for during the exchange
 * @param read what is read once more before it, while writers go on, for the CHECKs by which nothing is read under the
 *     lock
 */
public record ExchangeOutlook(
        ExchangeSpec spec,
        Optional<QualifiedName> parent,
        List<QualifiedName> leaving,
        Optional<PartitionLayout> layout,
        List<Obstacle> obstacles,
        OptionalLong rows,
        long heapBytes,
        long indexBytes,
        long toastBytes,
        List<QualifiedName> locked,
        List<QualifiedName> read) {
    private static final Sql SIZE = Sql.of("""
            SELECT CASE WHEN pg_catalog.bool_and(c.reltuples >= 0) THEN pg_catalog.sum(c.reltuples)::bigint END AS rows,
                   coalesce(pg_catalog.sum(pg_catalog.pg_relation_size(c.oid)), 0)::bigint AS heap,
                   coalesce(pg_catalog.sum(pg_catalog.pg_indexes_size(c.oid)), 0)::bigint AS indexes,
                   coalesce(pg_catalog.sum(pg_catalog.pg_table_size(c.oid) - pg_catalog.pg_relation_size(c.oid)), 0)::bigint AS toast
            FROM pg_catalog.pg_class AS c WHERE c.oid IN ({given})""");

    public ExchangeOutlook {
        leaving = List.copyOf(leaving);
        obstacles = List.copyOf(obstacles);
        locked = List.copyOf(locked);
        read = List.copyOf(read);
    }

    private record Size(OptionalLong rows, long heap, long indexes, long toast) {}

    /** The exchange's record if it has begun, or is over; empty if it is still to be made. */
    public static Optional<Migration> begun(Session session, StateTables state, ExchangeSpec spec) throws SQLException {
        boolean isThere = new TableReader(session).find(spec.partition()).isPresent();
        return new Migrations(session, state)
                .find(spec.partition())
                .filter(it -> it.exchange().isPresent())
                .filter(it -> !it.phase().isAtLeast(Phase.DROPPED)
                        || !isThere
                        || ExchangePreparation.isWantedAgain(spec, it));
    }

    /**
     * Reads the outlook.
     *
     * @param key the columns that tell rows apart
     */
    public static ExchangeOutlook read(Session session, StateTables state, ExchangeSpec spec, List<Identifier> key)
            throws SQLException {
        TableReader reader = new TableReader(session);
        Optional<Table> partition = reader.find(spec.partition());
        if (partition.isEmpty()) {
            return new ExchangeOutlook(
                    spec,
                    Optional.empty(),
                    List.of(),
                    Optional.empty(),
                    List.of(new Obstacle(null, "there is no such table in this database", "check its name")),
                    OptionalLong.empty(),
                    0,
                    0,
                    0,
                    List.of(),
                    List.of());
        }
        ExchangeDraft draft = ExchangeDraft.of(session, state, spec, partition.get());
        List<Obstacle> obstacles = new ArrayList<>(draft.obstacles());
        try {
            RowKey.requireIndex(partition.get(), key);
        } catch (PartitionException e) {
            obstacles.add(new Obstacle(null, e.getMessage(), ""));
        }
        List<QualifiedName> leaving = draft.leaving().isEmpty() ? List.of(spec.partition()) : draft.leaving();
        List<QualifiedName> locked = new ArrayList<>();
        List<QualifiedName> read = new ArrayList<>();
        if (draft.place().isPresent()) {
            PartitionPlace place = draft.place().get();
            locked.add(place.parent());
            locked.addAll(leaving);
            PresentPartitions.read(session, place.parentOid())
                    .defaultPartition()
                    .filter(it -> !leaving.contains(it))
                    .ifPresent(it -> {
                        locked.add(it);
                        read.add(it);
                    });
            if (leaving.size() > 1) {
                read.addAll(leaving);
            }
        }
        Size size = size(session, reader, leaving);
        return new ExchangeOutlook(
                spec,
                draft.place().map(PartitionPlace::parent),
                leaving,
                draft.plan().map(NewTable::spec).map(it -> it.layout()),
                obstacles,
                size.rows(),
                size.heap(),
                size.indexes(),
                size.toast(),
                locked,
                read);
    }

    private static Size size(Session session, TableReader reader, List<QualifiedName> tables) throws SQLException {
        List<Long> oids = new ArrayList<>();
        for (QualifiedName table : tables) {
            oids.add(reader.require(table).oid());
        }
        return session.queryFirst(SIZE.with("given", PartitionTree.given(oids)), row -> {
                    Long rows = row.getObject("rows", Long.class);
                    return new Size(
                            rows == null ? OptionalLong.empty() : OptionalLong.of(rows),
                            row.getLong("heap"),
                            row.getLong("indexes"),
                            row.getLong("toast"));
                })
                .orElseThrow();
    }

    public boolean isRefused() {
        return !obstacles.isEmpty();
    }
}
