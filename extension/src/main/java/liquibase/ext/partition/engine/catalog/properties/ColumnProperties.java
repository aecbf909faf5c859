package liquibase.ext.partition.engine.catalog.properties;

import java.util.List;
import java.util.Optional;
import liquibase.ext.partition.engine.sql.Identifier;
import liquibase.ext.partition.engine.sql.QualifiedName;

/**
 * The properties of a column that {@code LIKE} does not copy, or that a change of its type would lose.
 *
 * @param statisticsTarget the target, if it is not the default
 * @param options {@code n_distinct} and {@code n_distinct_inherited}
 * @param collation the collation, if it is not that of the type
 */
public record ColumnProperties(
        Identifier column,
        Optional<Integer> statisticsTarget,
        List<StorageParameter> options,
        Optional<QualifiedName> collation) {
    public ColumnProperties {
        options = List.copyOf(options);
    }

    /** The properties of a column that has none. */
    public static ColumnProperties none(Identifier column) {
        return new ColumnProperties(column, Optional.empty(), List.of(), Optional.empty());
    }
}
