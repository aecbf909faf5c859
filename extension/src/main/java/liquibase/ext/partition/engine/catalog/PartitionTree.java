package liquibase.ext.partition.engine.catalog;

import java.util.Collection;
import java.util.stream.Collectors;
import liquibase.ext.partition.engine.sql.Sql;

/**
 * Subqueries, with the single column {@code oid}, for the tables that hold a table's rows. A table whose rows are
 * routed by triggers has no partitions but children that inherit from it, so both are looked for.
 *
 * <p>The server reads the partitions as they are now, and the children by the statement's snapshot. Takes no locks
 * except those of reading the catalog.
 */
public final class PartitionTree {
    private static final Sql BELOW = Sql.of("""
            SELECT p.relid::pg_catalog.oid AS oid
            FROM pg_catalog.pg_partition_tree({relation}::pg_catalog.regclass) AS p WHERE p.level > 0
            UNION SELECT h.inhrelid FROM pg_catalog.pg_inherits AS h WHERE h.inhparent = {relation}::pg_catalog.oid""");

    private static final Sql WHOLE = Sql.of("""
            SELECT {relation}::pg_catalog.oid AS oid
            UNION {below}""").with("below", BELOW);

    private static final Sql LEAVES = Sql.of("""
            SELECT p.relid::pg_catalog.oid AS oid
            FROM pg_catalog.pg_partition_tree({relation}::pg_catalog.regclass) AS p WHERE p.isleaf""");

    private static final Sql NAMED = Sql.of("pg_catalog.to_regclass({table})");
    private static final Sql NUMBERED = Sql.of("{oid}::pg_catalog.oid");

    /** All partitions and children of the table whose quoted name fills {@code {table}}; none if there is no table. */
    public static final Sql BELOW_TABLE = BELOW.with("relation", NAMED);

    /** As {@link #BELOW_TABLE}, with the table itself; a NULL if there is no table. */
    public static final Sql OF_TABLE = WHOLE.with("relation", NAMED);

    private static final Sql AMONG = Sql.of("""
            SELECT h.inhrelid AS oid FROM pg_catalog.pg_inherits AS h
            WHERE h.inhparent = {oid}::pg_catalog.oid AND h.inhrelid = ANY ({tables}::pg_catalog.oid[])""");

    private static final Sql GIVEN = Sql.of("SELECT pg_catalog.unnest({tables}::pg_catalog.oid[]) AS oid");

    private PartitionTree() {}

    /**
     * As {@link #BELOW_TABLE}.
     *
     * @param oid an expression for the table's oid, which may have holes
     */
    public static Sql below(Sql oid) {
        return BELOW.with("relation", NUMBERED.with("oid", oid));
    }

    /** Finds which of the given tables are partitions of a table now. */
    public static Sql partitionsAmong(long oid, Collection<Long> tables) {
        return AMONG.with("oid", Sql.raw(Long.toString(oid))).with("tables", oids(tables));
    }

    /** The given tables, whatever has become of them. */
    public static Sql given(Collection<Long> tables) {
        return GIVEN.with("tables", oids(tables));
    }

    private static Sql oids(Collection<Long> tables) {
        return Sql.literal(tables.stream().map(String::valueOf).collect(Collectors.joining(",", "{", "}")));
    }

    /** As {@link #below}, with the table itself. */
    public static Sql of(Sql oid) {
        return WHOLE.with("relation", NUMBERED.with("oid", oid));
    }

    /**
     * The partitions that are not partitioned themselves; of a table that is not partitioned, the table itself, without
     * children that inherit from it.
     *
     * @param oid as for {@link #below}
     */
    public static Sql leaves(Sql oid) {
        return LEAVES.with("relation", NUMBERED.with("oid", oid));
    }
}
