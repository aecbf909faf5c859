package liquibase.ext.partition.engine.routing.row;

import java.util.List;
import java.util.function.Function;
import liquibase.ext.partition.engine.sql.Identifier;
import liquibase.ext.partition.engine.sql.QualifiedName;
import liquibase.ext.partition.engine.sql.Sql;

/**
 * A table whose rows go to inheritance children: the ordinary table that applications name, and the time of its rows.
 *
 * @param parent the table under the name that it has when writers use it; its children are in the same schema
 * @param columns the columns that {@code time} and {@code check} read
 * @param time the time of a row, by which its child is found
 * @param check the condition that holds for every row of a child
 */
public record RoutedTable(QualifiedName parent, List<Identifier> columns, RowTime time, RangeCheck check) {

    /**
     * The time of a row.
     *
     * @param row a name of the row, such as {@code NEW}
     */
    public Sql timeOf(String row) {
        return time.of(column -> Sql.list(row, List.of(column)));
    }

    /** The time of a row. */
    @FunctionalInterface
    public interface RowTime {
        /**
         * An immutable expression of type {@code timestamp}, in UTC, that never raises an error; NULL if the row has no
         * time. Every function in it outside {@code pg_catalog} is qualified. It contains no generated column.
         *
         * @param columns how to write a column there
         */
        Sql of(Function<Identifier, Sql> columns);
    }

    /** The CHECK constraint of a child, in a form by which the planner leaves the child out. */
    @FunctionalInterface
    public interface RangeCheck {
        /**
         * True exactly for the rows whose time is in {@code [from, to)}, for every row that has a time.
         *
         * @param columns how to write a column there
         * @param from a string constant, {@code '2024-01-01 00:00:00+00'}: {@code timestamptz} reads it with the
         *     offset, {@code date} and {@code timestamp} ignore the offset
         */
        Sql between(Function<Identifier, Sql> columns, Sql from, Sql to);
    }
}
