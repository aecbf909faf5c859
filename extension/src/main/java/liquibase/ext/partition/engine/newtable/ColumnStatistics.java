package liquibase.ext.partition.engine.newtable;

import java.util.ArrayList;
import java.util.Collection;
import java.util.List;
import liquibase.ext.partition.engine.catalog.settings.ColumnSettings;
import liquibase.ext.partition.engine.catalog.settings.StorageParameter;
import liquibase.ext.partition.engine.sql.QualifiedName;
import liquibase.ext.partition.engine.sql.Sql;

/**
 * The statements that set how statistics of a column are gathered. A target goes from a table to its partitions by
 * itself, an option does not.
 *
 * <p>Of a table with partitions the planner reads {@code n_distinct_inherited} where it read {@code n_distinct} before,
 * so the table itself gets it with the same value, where it has none of its own.
 */
public final class ColumnStatistics {
    private static final Sql SET_TARGET = Sql.of("ALTER TABLE {table} ALTER COLUMN {column} SET STATISTICS {target}");
    private static final Sql SET_OPTIONS = Sql.of("ALTER TABLE {table} ALTER COLUMN {column} SET {options}");
    private static final Sql RESET_OPTIONS = Sql.of("ALTER TABLE {table} ALTER COLUMN {column} RESET ({names})");
    private static final String OWN = "n_distinct";
    private static final String INHERITED = "n_distinct_inherited";

    private ColumnStatistics() {}

    /** For a table and the partitions that it has. */
    public static List<Sql> statements(
            ColumnSettings settings, QualifiedName table, Collection<QualifiedName> partitions) {
        List<Sql> statements = new ArrayList<>(target(settings, table));
        if (!settings.options().isEmpty()) {
            statements.add(options(settings, table, optionsOfParent(settings)));
            partitions.forEach(partition -> statements.add(options(settings, partition, settings.options())));
        }
        return statements;
    }

    /**
     * For the table that a table with partitions goes back to: what the planner read in {@code n_distinct_inherited} it
     * reads in {@code n_distinct} then.
     *
     * @param own of the column of {@code table}
     */
    public static List<Sql> statementsOfOrdinary(ColumnSettings settings, ColumnSettings own, QualifiedName table) {
        boolean hasBoth = own.options().stream().anyMatch(it -> it.name().equals(INHERITED));
        List<StorageParameter> options = hasBoth
                ? settings.options()
                : settings.options().stream()
                        .filter(it -> it.name().equals(INHERITED))
                        .findFirst()
                        .or(() -> settings.options().stream().findFirst())
                        .map(it -> new StorageParameter(false, OWN, it.value()))
                        .stream()
                        .toList();
        List<Sql> statements = new ArrayList<>(target(settings, table));
        if (!options.isEmpty()) {
            statements.add(options(settings, table, options));
        }
        return statements;
    }

    private static List<Sql> target(ColumnSettings settings, QualifiedName table) {
        return settings.statisticsTarget().stream()
                .map(target -> SET_TARGET
                        .with("table", table)
                        .with("column", settings.column())
                        .with("target", Sql.raw(Integer.toString(target))))
                .toList();
    }

    /** Takes all that {@link #statements} has set from the table and its partitions. */
    public static List<Sql> resetStatements(
            ColumnSettings settings, QualifiedName table, Collection<QualifiedName> partitions) {
        List<Sql> statements = new ArrayList<>();
        if (settings.statisticsTarget().isPresent()) {
            statements.add(SET_TARGET
                    .with("table", table)
                    .with("column", settings.column())
                    .with("target", Sql.raw("-1")));
        }
        if (!settings.options().isEmpty()) {
            List<QualifiedName> tables = new ArrayList<>(List.of(table));
            tables.addAll(partitions);
            Sql names = Sql.join(
                    ", ",
                    settings.options().stream()
                            .map(it -> Sql.raw(it.qualifiedName()))
                            .toList());
            tables.forEach(it -> statements.add(RESET_OPTIONS
                    .with("table", it)
                    .with("column", settings.column())
                    .with("names", names)));
        }
        return statements;
    }

    /** The options that the column has in the table itself. */
    public static List<StorageParameter> optionsOfParent(ColumnSettings settings) {
        List<StorageParameter> options = new ArrayList<>(settings.options());
        if (options.stream().noneMatch(it -> it.name().equals(INHERITED))) {
            settings.options().stream()
                    .filter(it -> it.name().equals(OWN))
                    .forEach(it -> options.add(new StorageParameter(false, INHERITED, it.value())));
        }
        return options;
    }

    private static Sql options(ColumnSettings settings, QualifiedName table, List<StorageParameter> options) {
        return SET_OPTIONS
                .with("table", table)
                .with("column", settings.column())
                .with("options", StorageParameter.list(options));
    }
}
