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

/**
 * What a scenario of the gallery shows: who writes its tables all the while, and what is other after the swap than
 * before.
 */
final class Story {

    private final List<Function<TestDatabase, Workload.Builder>> writers = new ArrayList<>();
    private final Map<String, List<String>> changes = new HashMap<>();
    private final List<String> leaves = new ArrayList<>();
    private final List<String> tells = new ArrayList<>();
    private Consumer<Shown> shows = shown -> {};

    /** Whoever writes one of the tables. */
    Story written(Function<TestDatabase, Workload.Builder> table) {
        writers.add(table);
        return this;
    }

    /**
     * What the swap changes in the shape of a table.
     *
     * @param lines of {@link Migrated#shape}, after "+ " what is new, after "- " what is gone
     */
    Story changes(String table, String... lines) {
        changes.computeIfAbsent(table, name -> new ArrayList<>()).addAll(List.of(lines));
        return this;
    }

    /** A primary key that each partition has by itself, and the partitioned table has not. */
    Story primaryKeyOfPartitions(String table, String index) {
        leaves("- relation public." + index);
        return changes(table, "- index " + index + " primary", "- constraint " + index + " p");
    }

    /** Likewise, of a unique index. */
    Story uniqueIndexOfPartitions(String table, String index) {
        leaves("- relation public." + index);
        return changes(table, "- index " + index + " unique");
    }

    /** What is in the database in the end that was not there, or the other way round; likewise. */
    Story leaves(String... lines) {
        leaves.addAll(List.of(lines));
        return this;
    }

    /** What the first update says of the rows in the default partition; numbers as "#". */
    Story tells(String causes) {
        tells.add(causes);
        return this;
    }

    /** What the README promises of this kind of table; asked after each swap, while nobody writes. */
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
     * The difference between two lists of lines is what was expected.
     *
     * @param expected each after "+ " or "- "; "…" at its end stands for any end
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
