package liquibase.ext.partition.engine.lock;

import liquibase.ext.partition.engine.sql.QualifiedName;
import liquibase.ext.partition.engine.sql.Sql;

/**
 * A lock on a relation, and on its partitions if {@code statement} takes those too.
 *
 * @param relation the relation that is named to people if the lock is not granted
 * @param statement the statement that takes the lock
 * @param readers whether the lock keeps readers out too, and so has to wait for them
 * @param idle whether nobody urgently needs the relation, so that nobody minds waiting for it, or our waiting
 */
public record Lock(QualifiedName relation, Sql statement, boolean readers, boolean idle) {
    private static final Sql AGAINST_ALL = Sql.of("LOCK TABLE {table} IN ACCESS EXCLUSIVE MODE");
    private static final Sql AGAINST_ALL_WITHOUT_PARTITIONS =
            Sql.of("LOCK TABLE ONLY {table} IN ACCESS EXCLUSIVE MODE");
    private static final Sql AGAINST_WRITERS = Sql.of("LOCK TABLE {table} IN SHARE ROW EXCLUSIVE MODE");
    private static final Sql AGAINST_WRITERS_WITHOUT_PARTITIONS =
            Sql.of("LOCK TABLE ONLY {table} IN SHARE ROW EXCLUSIVE MODE");

    /** A lock that keeps readers and writers of a table out. */
    public static Lock againstAll(QualifiedName table) {
        return of(table, AGAINST_ALL.with("table", table));
    }

    /** A lock that keeps readers and writers of a table out, but not those of a partition that name it. */
    public static Lock againstAllWithoutPartitions(QualifiedName table) {
        return of(table, AGAINST_ALL_WITHOUT_PARTITIONS.with("table", table));
    }

    /** A lock that keeps writers of a table out, and lets transactions pass that only read it or lock its rows. */
    public static Lock againstWriters(QualifiedName table) {
        return new Lock(table, AGAINST_WRITERS.with("table", table), false, false);
    }

    /** As {@link #againstWriters}, but for those who name a partition of the table. */
    public static Lock againstWritersWithoutPartitions(QualifiedName table) {
        return new Lock(table, AGAINST_WRITERS_WITHOUT_PARTITIONS.with("table", table), false, false);
    }

    /** A lock that keeps everybody out of a table that nobody urgently needs. */
    public static Lock ofIdle(QualifiedName table) {
        return new Lock(table, AGAINST_ALL.with("table", table), true, true);
    }

    /** The lock, assumed to be ACCESS EXCLUSIVE, that a statement takes which does nothing else. */
    public static Lock of(QualifiedName relation, Sql statement) {
        return new Lock(relation, statement, true, false);
    }
}
