package liquibase.ext.partition.generator.config;

import java.time.YearMonth;
import java.time.temporal.ChronoUnit;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;

/** What the key, the partition key and its range must be to one another. */
final class PartitionRules {
    /**
     * Four centuries of months. Planning time and the locks of one statement grow with the number of partitions; far
     * fewer than this are already too many for PostgreSQL, so that whoever has more has mistyped a year.
     */
    private static final int MOST_PARTITIONS = 5000;

    private final ConfigDocument document;
    private final List<Problem> problems = new ArrayList<>();

    PartitionRules(ConfigDocument document) {
        this.document = document;
    }

    List<Problem> problems(List<TableEntry> tables) {
        for (TableEntry table : tables) {
            checkRange(table);
            if (table.hasColumns()) {
                checkAmongColumns(table, table.keyColumns(), "key column");
                checkAmongColumns(table, table.partitionColumns(), "partition column");
            }
        }
        return problems;
    }

    /** Whether that many partitions can only be a mistake. */
    static boolean mostExceeded(YearMonth from, YearMonth until) {
        return ChronoUnit.MONTHS.between(from, until) > MOST_PARTITIONS;
    }

    private void checkRange(TableEntry table) {
        if (table.month("from").isEmpty() || table.month("until").isEmpty()) {
            return;
        }
        YearMonth from = table.month("from").get();
        YearMonth until = table.month("until").get();
        KeyPath path = table.path().child(TableEntry.PARTITION_BY).child("until");
        if (!from.isBefore(until)) {
            problems.add(document.problem(
                    path,
                    "The range from %s until %s holds no month.".formatted(from, until),
                    "until is the first month without a partition: write a month after %s.".formatted(from)));
        } else if (mostExceeded(from, until)) {
            problems.add(document.problem(
                    path,
                    "The range from %s until %s makes %d partitions; at most %d are accepted."
                            .formatted(from, until, ChronoUnit.MONTHS.between(from, until), MOST_PARTITIONS),
                    "Check the years. Rows outside of the range go to the default partition and are not lost."));
        }
    }

    private void checkAmongColumns(TableEntry table, Map<KeyPath, String> names, String role) {
        names.forEach((path, name) -> {
            if (!table.json().path(TableEntry.COLUMNS).has(name)) {
                problems.add(document.problem(
                        path,
                        "The %s %s is not in columns.".formatted(role, Quoted.of(name)),
                        NearestName.to(name, table.columns().keySet())
                                .map("Did you mean %s?"::formatted)
                                .orElse("Add it to columns with its type, or correct the name.")));
            }
        });
    }
}
