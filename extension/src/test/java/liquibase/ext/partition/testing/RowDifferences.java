package liquibase.ext.partition.testing;

import java.util.ArrayList;
import java.util.List;
import java.util.Map;

/**
 * The comparison of a table with the rows that it must hold, row for row and column for column.
 *
 * @param samples one line for each of the first differences
 */
public record RowDifferences(
        String table,
        long expectedRows,
        long actualRows,
        long missing,
        long unexpected,
        long changed,
        List<String> samples) {

    private static final int MOST_SAMPLES = 20;

    public boolean isEmpty() {
        return missing + unexpected + changed == 0;
    }

    @Override
    public String toString() {
        if (isEmpty()) {
            return "%s holds exactly the %,d rows expected".formatted(table, expectedRows);
        }
        return "%s differs: %,d rows expected, %,d found; %,d missing, %,d that nobody committed (or twice), %,d with other content%n%s"
                .formatted(table, expectedRows, actualRows, missing, unexpected, changed, String.join("\n", samples));
    }

    /** Collects the table's rows one by one. */
    static final class Comparison {

        private final String table;
        private final Map<List<String>, String> notFoundYet;
        private final long expectedRows;
        private final List<String> samples = new ArrayList<>();
        private long actualRows;
        private long unexpected;
        private long changed;

        /** @param expected is used up */
        Comparison(String table, Map<List<String>, String> expected) {
            this.table = table;
            this.notFoundYet = expected;
            this.expectedRows = expected.size();
        }

        void found(List<String> key, String image) {
            actualRows++;
            String expected = notFoundYet.remove(key);
            if (expected == null) {
                unexpected++;
                sample("unexpected  %s".formatted(image));
            } else if (!expected.equals(image)) {
                changed++;
                sample("changed     %s%n  expected  %s".formatted(image, expected));
            }
        }

        RowDifferences result() {
            notFoundYet.values().forEach(image -> sample("missing     " + image));
            return new RowDifferences(
                    table, expectedRows, actualRows, notFoundYet.size(), unexpected, changed, List.copyOf(samples));
        }

        private void sample(String line) {
            if (samples.size() < MOST_SAMPLES) {
                samples.add(line.length() > 1000 ? line.substring(0, 1000) + "…" : line);
            }
        }
    }
}
