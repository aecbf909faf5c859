package liquibase.ext.partition.engine.partitioning;

import java.time.LocalDate;
import java.util.ArrayList;
import java.util.Collection;
import java.util.List;
import java.util.Objects;
import java.util.Optional;
import java.util.Set;
import java.util.TreeSet;
import liquibase.ext.partition.engine.sql.QualifiedName;
import liquibase.ext.partition.engine.sql.Sql;

/**
 * The ways into and out of a partitioned table. Declarative partitioning finds the partition by itself, so there is one
 * way; inheritance does not, and there is one for each child and one for the rows outside all of them. Those are
 * written to the default child, and looked for in every child: one of them may have been made since. Rows are written
 * to a child, and may be in the parent all the same, where somebody has switched off the triggers that route them; or
 * in the default child, where theirs was away when they were written.
 *
 * @param table by its present name
 * @param layout not looked at, and may be null, where the routing is native
 */
public record Routes(Routing routing, QualifiedName table, PartitionLayout layout) {
    private static final Sql INSIDE = Sql.of("{time} >= {from}::timestamp AND {time} < {to}::timestamp");
    private static final Sql OUTSIDE = Sql.of("({time} >= {from}::timestamp AND {time} < {to}::timestamp) IS NOT TRUE");
    private static final Sql START = Sql.of(
            "CASE WHEN {time} >= {from}::timestamp AND {time} < {to}::timestamp THEN pg_catalog.date_trunc({unit}, {time})::pg_catalog.date END");
    private static final Sql ONLY = Sql.of("ONLY {table}");

    /** Those of declarative partitioning. */
    public static Routes through(QualifiedName table) {
        return new Routes(Routing.NATIVE, table, null);
    }

    /** Whether every row takes the same. */
    public boolean isSingle() {
        return routing == Routing.NATIVE;
    }

    /** The one that every row takes. @throws IllegalStateException where there are several */
    public Route single() {
        if (!isSingle()) {
            throw new IllegalStateException("Rows of " + table + " take several routes.");
        }
        return new Route(table.asSql(), table, Optional.empty());
    }

    /**
     * An expression by which {@link #of} finds the route of a row: the day its interval begins, NULL outside all of
     * them.
     */
    public Sql start(Sql time) {
        return range(START, layout.from(), layout.until())
                .with("unit", Sql.literal(layout.interval().word()))
                .with("time", time);
    }

    /**
     * The routes of rows.
     *
     * @param starts of their intervals, as {@link #start} gives them; may contain null
     */
    public List<Route> of(Collection<LocalDate> starts) {
        if (isSingle()) {
            return List.of(single());
        }
        List<Route> routes = new ArrayList<>();
        Set<LocalDate> inside = new TreeSet<>();
        for (LocalDate start : starts) {
            if (start == null) {
                routes.add(new Route(
                        table.asSql(),
                        table.sibling(layout.defaultPartition()),
                        Optional.of(range(OUTSIDE, layout.from(), layout.until()))));
            } else {
                inside.add(start);
            }
        }
        for (Partition partition : layout.partitions()) {
            if (inside.contains(partition.from())) {
                QualifiedName child = table.sibling(partition.name());
                routes.add(new Route(
                        ONLY.with("table", child),
                        child,
                        Optional.of(range(INSIDE, partition.from(), partition.to()))));
            }
        }
        return routes;
    }

    /**
     * As {@link #of}, to find rows wherever they are: in the parent and in the default child, too, where they belong to
     * another one.
     */
    public List<Route> toFind(Collection<LocalDate> starts) {
        List<Route> routes = new ArrayList<>(of(starts));
        if (!isSingle() && starts.stream().anyMatch(Objects::nonNull)) {
            routes.add(besides(table));
            routes.add(inDefault().orElseThrow());
        }
        return routes;
    }

    /** To the rows of the default child that belong to another one; empty where there is one route for all. */
    public Optional<Route> inDefault() {
        return isSingle() ? Optional.empty() : Optional.of(besides(table.sibling(layout.defaultPartition())));
    }

    private Route besides(QualifiedName part) {
        return new Route(ONLY.with("table", part), part, Optional.of(range(INSIDE, layout.from(), layout.until())));
    }

    private static Sql range(Sql template, LocalDate from, LocalDate to) {
        return template.with("from", Sql.literal(from + " 00:00:00")).with("to", Sql.literal(to + " 00:00:00"));
    }
}
