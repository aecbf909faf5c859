package liquibase.ext.partition.engine.catalog.properties;

import java.util.List;
import java.util.Optional;
import java.util.Set;
import liquibase.ext.partition.engine.sql.Identifier;

/**
 * The properties of a table that {@code LIKE} does not copy, or not as they are.
 *
 * @param tablespace the tablespace, if it is not the database's default
 * @param parameters the parameters of the table and its TOAST table
 * @param columns the columns that have any properties
 * @param indexes all indexes
 */
public record TableProperties(
        Optional<Identifier> tablespace,
        List<StorageParameter> parameters,
        ReplicaIdentity replicaIdentity,
        List<Check> checks,
        List<ColumnProperties> columns,
        List<ExtendedStatistics> statistics,
        List<IndexProperties> indexes) {
    /** The properties of a table about which nothing is known. */
    public static final TableProperties NONE = new TableProperties(
            Optional.empty(), List.of(), ReplicaIdentity.DEFAULT, List.of(), List.of(), List.of(), List.of());

    public TableProperties {
        parameters = List.copyOf(parameters);
        checks = List.copyOf(checks);
        columns = List.copyOf(columns);
        statistics = List.copyOf(statistics);
        indexes = List.copyOf(indexes);
    }

    /** The properties of the index of that name; none if there is no such index. */
    public IndexProperties index(Identifier name) {
        return indexes.stream()
                .filter(it -> it.index().equals(name))
                .findFirst()
                .orElseGet(() -> IndexProperties.none(name));
    }

    /** The properties of the column of that name; empty if it has none. */
    public Optional<ColumnProperties> column(Identifier name) {
        return columns.stream().filter(it -> it.column().equals(name)).findFirst();
    }

    /** The same properties, in which these columns have no collation of their own. */
    public TableProperties withoutCollationsOf(Set<Identifier> others) {
        return new TableProperties(
                tablespace,
                parameters,
                replicaIdentity,
                checks,
                columns.stream()
                        .map(it -> others.contains(it.column())
                                ? new ColumnProperties(
                                        it.column(), it.statisticsTarget(), it.options(), Optional.empty())
                                : it)
                        .toList(),
                statistics,
                indexes);
    }

    /** The check of that name, if there is one. */
    public Optional<Check> check(Identifier name) {
        return checks.stream().filter(it -> it.name().equals(name)).findFirst();
    }

    /** The checks that older rows may violate. */
    public List<Check> checksNotValid() {
        return checks.stream().filter(Check::isNotValid).toList();
    }
}
