package liquibase.ext.partition.engine.catalog.settings;

import java.util.List;
import java.util.Optional;
import liquibase.ext.partition.engine.sql.Identifier;
import liquibase.ext.partition.engine.sql.QualifiedName;

/**
 * The settings of a column that {@code LIKE} does not copy, or that a change of its type would lose.
 *
 * @param statisticsTarget the target, if it is not the default
 * @param options {@code n_distinct} and {@code n_distinct_inherited}
 * @param collation the collation, if it is not that of the type
 */
public record ColumnSettings(
        Identifier column,
        Optional<Integer> statisticsTarget,
        List<StorageParameter> options,
        Optional<QualifiedName> collation) {
    public ColumnSettings {
        options = List.copyOf(options);
    }

    /** The settings of a column that has none. */
    public static ColumnSettings none(Identifier column) {
        return new ColumnSettings(column, Optional.empty(), List.of(), Optional.empty());
    }
}
