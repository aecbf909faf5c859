package liquibase.ext.partition.engine.routing;

import java.util.List;
import java.util.function.Function;
import liquibase.ext.partition.engine.sql.Identifier;
import liquibase.ext.partition.engine.sql.QualifiedName;
import liquibase.ext.partition.engine.sql.Sql;

/**
 * A table whose rows go to inheritance children: the ordinary table that applications name, and how its rows tell the
 * time.
 *
 * @param parent by the name that it has when writers use it; its children are in the same schema
 * @param columns that {@code time} and {@code check} read
 * @param time when the row was, by which its child is found
 * @param check what is true of every row of a child
 */
public record RoutedTable(QualifiedName parent, List<Identifier> columns, RowTime time, RangeCheck check) {

    /**
     * When a row was.
     *
     * @param row a name of the row, such as {@code NEW}
     */
    Sql timeOf(String row) {
        return time.of(column -> Sql.list(row, List.of(column)));
    }

    /** When a row was. */
    @FunctionalInterface
    public interface RowTime {
        /**
         * An immutable expression of type {@code timestamp}, in UTC, that never raises an error; NULL where the row has
         * no time. Every function in it outside {@code pg_catalog} is qualified. No generated column is in it.
         *
         * @param columns how a column is written there
         */
        Sql of(Function<Identifier, Sql> columns);
    }

    /** The CHECK constraint of a child, in a form by which the planner leaves the child out. */
    @FunctionalInterface
    public interface RangeCheck {
        /**
         * True exactly of the rows whose time is in {@code [from, to)}, for every row that has a time.
         *
         * @param columns how a column is written there
         * @param from a string constant, {@code '2024-01-01 00:00:00+00'}: {@code timestamptz} takes it as it is,
         *     {@code date} and {@code timestamp} leave the offset out of account
         */
        Sql between(Function<Identifier, Sql> columns, Sql from, Sql to);
    }
}
