package liquibase.ext.partition.engine.run;

import liquibase.ext.partition.engine.sql.QualifiedName;
import liquibase.ext.partition.engine.sql.Sql;

/**
 * A lock on a relation, and on its partitions where {@code statement} takes these too.
 *
 * @param relation named to people where the lock is not given
 * @param statement takes the lock
 * @param readers whether it keeps readers out too, and so has to wait for them
 * @param idle whether nobody needs the relation for anything urgent, so that nobody minds to wait for it, or that we
 *     wait
 */
public record Lock(QualifiedName relation, Sql statement, boolean readers, boolean idle) {
    private static final Sql AGAINST_ALL = Sql.of("LOCK TABLE {table} IN ACCESS EXCLUSIVE MODE");
    private static final Sql AGAINST_WRITERS = Sql.of("LOCK TABLE {table} IN SHARE ROW EXCLUSIVE MODE");

    /** Keeps readers and writers of a table out. */
    public static Lock againstAll(QualifiedName table) {
        return of(table, AGAINST_ALL.with("table", table));
    }

    /** Keeps writers of a table out, and lets through who only reads it, or locks rows of it. */
    public static Lock againstWriters(QualifiedName table) {
        return new Lock(table, AGAINST_WRITERS.with("table", table), false, false);
    }

    /** Keeps everybody out of a table that nobody uses for anything urgent. */
    public static Lock ofIdle(QualifiedName table) {
        return new Lock(table, AGAINST_ALL.with("table", table), true, true);
    }

    /** The lock, as ACCESS EXCLUSIVE, that a statement takes which does nothing else. */
    public static Lock of(QualifiedName relation, Sql statement) {
        return new Lock(relation, statement, true, false);
    }
}
