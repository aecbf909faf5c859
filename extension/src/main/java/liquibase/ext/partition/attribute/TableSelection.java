package liquibase.ext.partition.attribute;

import java.util.Arrays;
import java.util.Collection;
import java.util.List;
import liquibase.ext.partition.engine.sql.QualifiedName;

/**
 * The tables that a person has named on the command line: {@code -DswapApproved=orders,shop.events}, or {@code all}.
 *
 * <p>Names are compared in the form in which PostgreSQL stores them, including their case. A changelog parameter that
 * nobody has set appears in the changelog as {@code ${swapApproved}}, and selects nothing.
 */
public final class TableSelection {
    private static final String ALL = "all";
    private final List<String> names;

    private TableSelection(List<String> names) {
        this.names = names;
    }

    /** @param text names separated by commas; null and the empty text select nothing */
    public static TableSelection parse(String text) {
        if (text == null || text.startsWith("${")) {
            return new TableSelection(List.of());
        }
        return new TableSelection(Arrays.stream(text.split(","))
                .map(String::strip)
                .filter(name -> !name.isEmpty())
                .toList());
    }

    /** Whether no table is selected. */
    public boolean isEmpty() {
        return names.isEmpty();
    }

    /** Whether {@code all} is among the names. */
    public boolean isAll() {
        return names.contains(ALL);
    }

    /** The names that match none of {@code tables}, with or without a schema, except {@code all}. */
    public List<String> namesOtherThan(Collection<QualifiedName> tables) {
        return names.stream()
                .filter(name -> !name.equals(ALL))
                .filter(name -> tables.stream().noneMatch(table -> new TableSelection(List.of(name)).contains(table)))
                .toList();
    }

    /** Whether {@code table} is selected, by its name with or without its schema, or by {@code all}. */
    public boolean contains(QualifiedName table) {
        return isAll() || names.contains(table.name().name()) || names.contains(table.toString());
    }
}
