package liquibase.ext.partition.engine.upkeep;

import java.sql.SQLException;
import java.time.LocalDate;
import java.util.ArrayList;
import java.util.List;
import liquibase.ext.partition.engine.name.DerivedName;
import liquibase.ext.partition.engine.partitioning.Partition;
import liquibase.ext.partition.engine.partitioning.PartitionKey;
import liquibase.ext.partition.engine.sql.Identifier;
import liquibase.ext.partition.engine.sql.QualifiedName;
import liquibase.ext.partition.engine.sql.Session;
import liquibase.ext.partition.engine.sql.Sql;

/**
 * Shows the server that the default partition has no row of a range, which it wants to know before it takes a partition
 * of that range: by a CHECK in the form of its own partition constraint, from which it concludes without reading a row.
 *
 * <p>The CHECK refuses rows. So it is made, and dropped, in the transaction that attaches the partitions, wherever the
 * rows can be read within the time of a lock: then no writer ever meets it.
 */
public record DefaultRange(QualifiedName table, PartitionKey key) {
    private static final Sql ADD = Sql.of(
            "ALTER TABLE {table} ADD CONSTRAINT {name} CHECK ({value} IS NULL OR {value} < {from} OR {value} >= {to}){notValid}");
    private static final Sql NOT_VALID = Sql.raw(" NOT VALID");
    private static final Sql VALIDATE = Sql.of("ALTER TABLE {table} VALIDATE CONSTRAINT {name}");
    private static final Sql DROP = Sql.of("ALTER TABLE {table} DROP CONSTRAINT {name}");

    private static final Sql DROP_COPY = Sql.of("ALTER TABLE {table} DROP CONSTRAINT IF EXISTS {name}");

    private static final Sql IS_THERE = Sql.of("""
            SELECT EXISTS (SELECT FROM pg_catalog.pg_constraint
                           WHERE conrelid = pg_catalog.to_regclass({table}) AND contype = 'c' AND conname = {name})""");

    private static final Sql SIZE = Sql.of("SELECT pg_catalog.pg_relation_size(pg_catalog.to_regclass({table}))");

    private static final Sql COUNT = Sql.of("""
            SELECT {counts}
            FROM (SELECT {value} AS value FROM ONLY {table} WHERE {value} >= {from} AND {value} < {to}) AS r""");

    private static final Sql COUNTED =
            Sql.of("pg_catalog.count(*) FILTER (WHERE r.value >= {from} AND r.value < {to})");

    /** How many bytes a server reads in a second, when nothing of it is in memory and the disk is slow. */
    private static final long BYTES_A_SECOND = 100L << 20;

    /** The end of the CHECK's name, whatever the default partition's. */
    static final String SUFFIX = "_makes_room";

    private Identifier name() {
        return nameOfCheck(table);
    }

    /**
     * The name of the CHECK by which a default partition has no row of a range; a killed run's is dropped by upkeep.
     */
    public static Identifier nameOfCheck(QualifiedName table) {
        return DerivedName.of(table.name(), SUFFIX);
    }

    /** Adds the CHECK once every row was read, under ACCESS EXCLUSIVE. */
    Sql add(LocalDate from, LocalDate to) {
        return add(from, to, Sql.empty());
    }

    /** Adds the CHECK for rows that are written from now on, under ACCESS EXCLUSIVE for a moment. */
    Sql addNotValid(LocalDate from, LocalDate to) {
        return add(from, to, NOT_VALID);
    }

    private Sql add(LocalDate from, LocalDate to, Sql notValid) {
        return ADD.with("table", table)
                .with("name", name())
                .with("value", key.value(Identifier::asSql))
                .with("from", key.bound(from))
                .with("to", key.bound(to))
                .with("notValid", notValid);
    }

    /** Reads every row, under SHARE UPDATE EXCLUSIVE: readers and writers go on. */
    Sql validate() {
        return VALIDATE.with("table", table).with("name", name());
    }

    Sql drop() {
        return DROP.with("table", table).with("name", name());
    }

    /** Drops the copy of the CHECK from a partition that is made like the default one, all of whose rows it refuses. */
    Sql dropCopy(QualifiedName partition) {
        return DROP_COPY.with("table", partition).with("name", name());
    }

    /** Whether the CHECK is there: an earlier run was killed while it was. */
    boolean isThere(Session session) throws SQLException {
        return session.queryBoolean(IS_THERE.with("table", table.quoted()).with("name", name().name()));
    }

    /** Whether all rows can be read in that many milliseconds. */
    boolean isReadWithin(Session session, long milliseconds) throws SQLException {
        return session.queryLong(SIZE.with("table", table.quoted())) <= BYTES_A_SECOND / 1000 * milliseconds;
    }

    /** How many rows it has of each of the ranges, which are in order. */
    List<Long> count(Session session, List<Partition> ranges) throws SQLException {
        Sql counts = Sql.list(ranges.stream()
                .map(it -> COUNTED.with("from", key.bound(it.from())).with("to", key.bound(it.to())))
                .toList());
        Sql question = COUNT.with("counts", counts)
                .with("value", key.value(Identifier::asSql))
                .with("table", table)
                .with("from", key.bound(ranges.get(0).from()))
                .with("to", key.bound(ranges.get(ranges.size() - 1).to()));
        return session.queryFirst(question, row -> {
                    List<Long> rows = new ArrayList<>();
                    for (int i = 1; i <= ranges.size(); i++) {
                        rows.add(row.getLong(i));
                    }
                    return rows;
                })
                .orElseThrow();
    }
}
