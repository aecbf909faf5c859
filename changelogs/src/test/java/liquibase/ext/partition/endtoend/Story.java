package liquibase.ext.partition.endtoend;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.function.Consumer;
import java.util.function.Function;
import liquibase.ext.partition.testing.TestDatabase;
import liquibase.ext.partition.testing.Workload;

/** The story of a scenario of the gallery: who writes its tables all the time, and what differs after the swap. */
final class Story {

    private final List<Function<TestDatabase, Workload.Builder>> writers = new ArrayList<>();
    private final Map<String, List<String>> changes = new HashMap<>();
    private final List<String> leaves = new ArrayList<>();
    private final List<String> tells = new ArrayList<>();
    private Consumer<Shown> shows = shown -> {};

    /** The writers of one of the tables. */
    Story written(Function<TestDatabase, Workload.Builder> table) {
        writers.add(table);
        return this;
    }

    /**
     * The swap's changes to the shape of a table.
     *
     * @param lines lines of {@link Migrated#shape}: after "+ " the new ones, after "- " those that are gone
     */
    Story changes(String table, String... lines) {
        changes.computeIfAbsent(table, name -> new ArrayList<>()).addAll(List.of(lines));
        return this;
    }

    /** A primary key that each partition has separately, and the partitioned table does not have. */
    Story primaryKeyOfPartitions(String table, String index) {
        leaves("- relation public." + index);
        return changes(table, "- index " + index + " primary", "- constraint " + index + " p");
    }

    /** The same for a unique index. */
    Story uniqueIndexOfPartitions(String table, String index) {
        leaves("- relation public." + index);
        return changes(table, "- index " + index + " unique");
    }

    /** The objects that are new in the database in the end, or gone; written in the same way. */
    Story leaves(String... lines) {
        leaves.addAll(List.of(lines));
        return this;
    }

    /**
     * Expects the first update to report these rows in the default partition; numbers as "#". The scenario's before.sql
     * must have a row for each cause: nobody knows which values the writers have drawn by then.
     */
    Story tells(String causes) {
        tells.add(causes);
        return this;
    }

    /** The README's promises about this kind of table; checked after each swap, while nobody writes. */
    Story shows(Consumer<Shown> promises) {
        shows = promises;
        return this;
    }

    List<Workload.Builder> writers(TestDatabase database) {
        return writers.stream().map(table -> table.apply(database)).toList();
    }

    List<String> changes(String table) {
        return changes.getOrDefault(table, List.of());
    }

    List<String> leaves() {
        return leaves;
    }

    void assertTold(String output) {
        String numberless = output.replaceAll("[0-9,]+(?= (rows|NULL|not a date|infinite|before|from))", "#");
        tells.forEach(causes -> assertThat(numberless).contains(causes));
    }

    void assertShown(TestDatabase database) {
        shows.accept(new Shown(database));
    }

    /**
     * Asserts the difference between two lists of lines.
     *
     * @param expected the expected lines after "+ " or "- "; "…" at the end stands for any end
     */
    static void assertDifference(String what, List<String> before, List<String> after, List<String> expected) {
        List<String> difference = new ArrayList<>();
        before.stream()
                .filter(line -> !after.contains(line))
                .map(line -> "- " + line)
                .forEach(difference::add);
        after.stream()
                .filter(line -> !before.contains(line))
                .map(line -> "+ " + line)
                .forEach(difference::add);
        assertThat(difference)
                .as(what)
                .usingElementComparator((line, other) -> isWhat(line, other) || isWhat(other, line) ? 0 : 1)
                .containsExactlyInAnyOrderElementsOf(expected);
    }

    private static boolean isWhat(String line, String expected) {
        return expected.endsWith("…")
                ? line.startsWith(expected.substring(0, expected.length() - 1))
                : line.equals(expected);
    }
}
