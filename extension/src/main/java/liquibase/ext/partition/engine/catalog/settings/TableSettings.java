package liquibase.ext.partition.engine.catalog.settings;

import java.util.List;
import java.util.Optional;
import java.util.Set;
import liquibase.ext.partition.engine.sql.Identifier;

/**
 * What {@code LIKE} does not copy of a table, or not as it is.
 *
 * @param tablespace where it is not the database's default one
 * @param parameters of the table and its TOAST table
 * @param columns those that have any settings
 * @param indexes every one
 */
public record TableSettings(
        Optional<Identifier> tablespace,
        List<StorageParameter> parameters,
        ReplicaIdentity replicaIdentity,
        List<Check> checks,
        List<ColumnSettings> columns,
        List<ExtendedStatistics> statistics,
        List<IndexSettings> indexes) {
    /** Those of a table of which nothing is known. */
    public static final TableSettings NONE = new TableSettings(
            Optional.empty(), List.of(), ReplicaIdentity.DEFAULT, List.of(), List.of(), List.of(), List.of());

    public TableSettings {
        parameters = List.copyOf(parameters);
        checks = List.copyOf(checks);
        columns = List.copyOf(columns);
        statistics = List.copyOf(statistics);
        indexes = List.copyOf(indexes);
    }

    /** Those of the index of that name; none where there is no such index. */
    public IndexSettings index(Identifier name) {
        return indexes.stream()
                .filter(it -> it.index().equals(name))
                .findFirst()
                .orElseGet(() -> IndexSettings.none(name));
    }

    /** Those of the column of that name, where it has any. */
    public Optional<ColumnSettings> column(Identifier name) {
        return columns.stream().filter(it -> it.column().equals(name)).findFirst();
    }

    /** The same, where these columns have no collation of their own. */
    public TableSettings withoutCollationsOf(Set<Identifier> others) {
        return new TableSettings(
                tablespace,
                parameters,
                replicaIdentity,
                checks,
                columns.stream()
                        .map(it -> others.contains(it.column())
                                ? new ColumnSettings(it.column(), it.statisticsTarget(), it.options(), Optional.empty())
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
