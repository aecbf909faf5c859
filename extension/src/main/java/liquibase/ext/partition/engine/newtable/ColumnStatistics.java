package liquibase.ext.partition.engine.newtable;

import java.util.ArrayList;
import java.util.Collection;
import java.util.List;
import liquibase.ext.partition.engine.catalog.properties.ColumnProperties;
import liquibase.ext.partition.engine.catalog.properties.StorageParameter;
import liquibase.ext.partition.engine.sql.QualifiedName;
import liquibase.ext.partition.engine.sql.Sql;

/**
 * The statements that set how statistics of a column are gathered. A table passes a target on to its partitions by
 * itself, but not an option.
 *
 * <p>For a table with partitions the planner reads {@code n_distinct_inherited} instead of {@code n_distinct}. So the
 * table itself gets it with the same value, unless it has one of its own.
 */
public final class ColumnStatistics {
    private static final Sql SET_TARGET = Sql.of("ALTER TABLE {table} ALTER COLUMN {column} SET STATISTICS {target}");
    private static final Sql SET_OPTIONS = Sql.of("ALTER TABLE {table} ALTER COLUMN {column} SET {options}");
    private static final Sql RESET_OPTIONS = Sql.of("ALTER TABLE {table} ALTER COLUMN {column} RESET ({names})");
    private static final String OWN = "n_distinct";
    private static final String INHERITED = "n_distinct_inherited";

    private ColumnStatistics() {}

    /** The statements for a table and its partitions. */
    public static List<Sql> statements(
            ColumnProperties properties, QualifiedName table, Collection<QualifiedName> partitions) {
        List<Sql> statements = new ArrayList<>(target(properties, table));
        if (!properties.options().isEmpty()) {
            statements.add(options(properties, table, optionsOfParent(properties)));
            partitions.forEach(partition -> statements.add(options(properties, partition, properties.options())));
        }
        return statements;
    }

    /** The statements for one partition, which has the same properties as the others. */
    public static List<Sql> statementsOfPartition(ColumnProperties properties, QualifiedName partition) {
        List<Sql> statements = new ArrayList<>(target(properties, partition));
        if (!properties.options().isEmpty()) {
            statements.add(options(properties, partition, properties.options()));
        }
        return statements;
    }

    /**
     * The statements for the table that takes the partitioned table's place in the reverse swap: the planner then reads
     * {@code n_distinct} instead of {@code n_distinct_inherited}.
     *
     * @param own the properties of the column of {@code table}
     */
    public static List<Sql> statementsOfOrdinary(
            ColumnProperties properties, ColumnProperties own, QualifiedName table) {
        boolean hasBoth = own.options().stream().anyMatch(it -> it.name().equals(INHERITED));
        List<StorageParameter> options = hasBoth
                ? properties.options()
                : properties.options().stream()
                        .filter(it -> it.name().equals(INHERITED))
                        .findFirst()
                        .or(() -> properties.options().stream().findFirst())
                        .map(it -> new StorageParameter(false, OWN, it.value()))
                        .stream()
                        .toList();
        List<Sql> statements = new ArrayList<>(target(properties, table));
        if (!options.isEmpty()) {
            statements.add(options(properties, table, options));
        }
        return statements;
    }

    private static List<Sql> target(ColumnProperties properties, QualifiedName table) {
        return properties.statisticsTarget().stream()
                .map(target -> SET_TARGET
                        .with("table", table)
                        .with("column", properties.column())
                        .with("target", Sql.raw(Integer.toString(target))))
                .toList();
    }

    /** Removes everything that {@link #statements} has set from the table and its partitions. */
    public static List<Sql> resetStatements(
            ColumnProperties properties, QualifiedName table, Collection<QualifiedName> partitions) {
        List<Sql> statements = new ArrayList<>();
        if (properties.statisticsTarget().isPresent()) {
            statements.add(SET_TARGET
                    .with("table", table)
                    .with("column", properties.column())
                    .with("target", Sql.raw("-1")));
        }
        if (!properties.options().isEmpty()) {
            List<QualifiedName> tables = new ArrayList<>(List.of(table));
            tables.addAll(partitions);
            Sql names = Sql.join(
                    ", ",
                    properties.options().stream()
                            .map(it -> Sql.raw(it.qualifiedName()))
                            .toList());
            tables.forEach(it -> statements.add(RESET_OPTIONS
                    .with("table", it)
                    .with("column", properties.column())
                    .with("names", names)));
        }
        return statements;
    }

    /** The options of the column in the table itself. */
    public static List<StorageParameter> optionsOfParent(ColumnProperties properties) {
        List<StorageParameter> options = new ArrayList<>(properties.options());
        if (options.stream().noneMatch(it -> it.name().equals(INHERITED))) {
            properties.options().stream()
                    .filter(it -> it.name().equals(OWN))
                    .forEach(it -> options.add(new StorageParameter(false, INHERITED, it.value())));
        }
        return options;
    }

    private static Sql options(ColumnProperties properties, QualifiedName table, List<StorageParameter> options) {
        return SET_OPTIONS
                .with("table", table)
                .with("column", properties.column())
                .with("options", StorageParameter.list(options));
    }
}
