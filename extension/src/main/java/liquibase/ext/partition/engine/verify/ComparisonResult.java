package liquibase.ext.partition.engine.verify;

import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.TreeSet;
import liquibase.ext.partition.engine.sql.Identifier;
import liquibase.ext.partition.engine.sql.QualifiedName;
import liquibase.ext.partition.engine.sql.Sql;

/**
 * The result of a comparison.
 *
 * @param rows how many rows of the table read first were compared
 * @param differences how many rows are missing, too many, or not the same
 * @param keys the first {@value #LISTED_KEYS} of their keys, each with what is wrong
 * @param onlyComputed how many of the differences are in generated columns alone
 * @param computed the generated columns that differ: for each set that occurs, the quoted names separated by commas
 * @param computedFrom the columns that the generated columns are computed from
 * @param takenOut how many of the differences are rows that were written since the swap and went with a partition
 */
public record ComparisonResult(
        long rows,
        long differences,
        List<String> keys,
        long onlyComputed,
        Set<String> computed,
        List<Identifier> computedFrom,
        long takenOut) {
    public static final int LISTED_KEYS = 100;

    private static final Sql RECOMPUTE = Sql.of("UPDATE {table} SET {values}");
    private static final Sql SAME_VALUE = Sql.of("{column} = {column}");

    public ComparisonResult {
        keys = List.copyOf(keys.subList(0, Math.min(keys.size(), LISTED_KEYS)));
        computed = Set.copyOf(computed);
        computedFrom = List.copyOf(computedFrom);
    }

    static ComparisonResult none() {
        return new ComparisonResult(0, 0, List.of(), 0, Set.of(), List.of(), 0);
    }

    /** The result for rows that were written since the swap and went with a partition. */
    static ComparisonResult takenOut(long rows, List<String> keys) {
        return new ComparisonResult(0, rows, keys, 0, Set.of(), List.of(), rows);
    }

    ComparisonResult plus(ComparisonResult other) {
        List<String> both = new ArrayList<>(keys);
        both.addAll(other.keys);
        Set<String> columns = new TreeSet<>(computed);
        columns.addAll(other.computed);
        return new ComparisonResult(
                rows + other.rows,
                differences + other.differences,
                both,
                onlyComputed + other.onlyComputed,
                columns,
                computedFrom,
                takenOut + other.takenOut);
    }

    ComparisonResult withoutRows() {
        return new ComparisonResult(0, differences, keys, onlyComputed, computed, computedFrom, takenOut);
    }

    ComparisonResult computedFrom(List<Identifier> columns) {
        return new ComparisonResult(rows, differences, keys, onlyComputed, computed, columns, takenOut);
    }

    /** Whether there are differences, all of them in generated columns alone. */
    public boolean isOnlyComputed() {
        return differences > 0 && differences == onlyComputed;
    }

    /**
     * The words that follow the number of differing rows: that no write since the swap explains them, if that is so for
     * all.
     */
    public String whichSinceTheSwap() {
        return takenOut == 0
                ? " that were not written since the swap"
                : ", of which %d were written since the swap and then went with a partition".formatted(takenOut);
    }

    /**
     * The statement that makes {@code table} compute its generated columns anew; empty if they are computed from no
     * column.
     */
    public Optional<Sql> recompute(QualifiedName table) {
        return computedFrom.isEmpty()
                ? Optional.empty()
                : Optional.of(RECOMPUTE
                        .with("table", table)
                        .with(
                                "values",
                                Sql.list(computedFrom.stream()
                                        .map(column -> SAME_VALUE.with("column", column))
                                        .toList())));
    }

    /** The listed keys on lines of their own, for a message, and what it means that a generated column differs. */
    public String list() {
        String listed = "\n  " + String.join("\n  ", keys);
        if (differences > keys.size()) {
            listed += "\n  … and " + (differences - keys.size()) + " more";
        }
        return onlyComputed == 0 ? listed : listed + "\n" + computedNote();
    }

    private String computedNote() {
        return "%d of them differ in generated columns alone (%s): what is stored was computed by an expression, or by a function that it calls, which gives another value today."
                .formatted(onlyComputed, String.join("; ", new TreeSet<>(computed)));
    }
}
