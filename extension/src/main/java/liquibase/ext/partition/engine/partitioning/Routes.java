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
 * way. Inheritance does not, so there is one way for each child and one for the rows outside all of them. Those rows
 * are written to the default child, and looked for in every child, because their own may have been made since. A row
 * that is written to a child may still be in the parent, if somebody has switched off the triggers that route rows; or
 * in the default child, if its own child was away when the row was written.
 *
 * @param table the table under its present name
 * @param layout unused, and possibly null, if the routing is native
 */
public record Routes(Routing routing, QualifiedName table, PartitionLayout layout) {
    private static final Sql INSIDE = Sql.of("{time} >= {from}::timestamp AND {time} < {to}::timestamp");
    private static final Sql OUTSIDE = Sql.of("({time} >= {from}::timestamp AND {time} < {to}::timestamp) IS NOT TRUE");
    private static final Sql START = Sql.of(
            "CASE WHEN {time} >= {from}::timestamp AND {time} < {to}::timestamp THEN pg_catalog.date_trunc({unit}, {time})::pg_catalog.date END");
    private static final Sql ONLY = Sql.of("ONLY {table}");

    /** The routes of declarative partitioning. */
    public static Routes through(QualifiedName table) {
        return new Routes(Routing.NATIVE, table, null);
    }

    /** Whether every row takes the same route. */
    public boolean isSingle() {
        return routing == Routing.NATIVE;
    }

    /** The route that every row takes. @throws IllegalStateException if there are several */
    public Route single() {
        if (!isSingle()) {
            throw new IllegalStateException("Rows of " + table + " take several routes.");
        }
        return new Route(table.asSql(), table, Optional.empty());
    }

    /** The children that routes name; empty if there is one route for all. */
    public List<QualifiedName> children() {
        if (isSingle()) {
            return List.of();
        }
        List<QualifiedName> children = new ArrayList<>(List.of(table.sibling(layout.defaultPartition())));
        layout.partitions().forEach(partition -> children.add(table.sibling(partition.name())));
        return children;
    }

    /**
     * An expression by which {@link #of} finds the route of a row: the first day of its interval, NULL outside all of
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
     * @param starts the first days of their intervals, as {@link #start} gives them; may contain null
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
     * As {@link #of}, to find rows wherever they are: also in the parent and in the default child, if they belong to
     * another child.
     */
    public List<Route> toFind(Collection<LocalDate> starts) {
        List<Route> routes = new ArrayList<>(of(starts));
        if (!isSingle() && starts.stream().anyMatch(Objects::nonNull)) {
            routes.add(besides(table));
            routes.add(inDefault().orElseThrow());
        }
        return routes;
    }

    /** The route to rows of the default child that belong to another one; empty if there is one route for all. */
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
