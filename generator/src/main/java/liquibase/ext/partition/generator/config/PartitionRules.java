package liquibase.ext.partition.generator.config;

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

    /** Whether so many partitions are wanted that it can only be a mistake. */
    static boolean tooMany(TableEntry table) {
        return table.partitionStarts().skip(MOST_PARTITIONS).findAny().isPresent();
    }

    private void checkRange(TableEntry table) {
        if (table.bound("from").isEmpty() || table.bound("until").isEmpty()) {
            return;
        }
        String range = "The range from %s until %s".formatted(written(table, "from"), written(table, "until"));
        KeyPath path = table.path().child(TableEntry.PARTITION_BY).child("until");
        if (table.partitionStarts().findAny().isEmpty()) {
            problems.add(document.problem(
                    path,
                    range + " holds no partition.",
                    "until is the first %s without a partition: write one after %s."
                            .formatted(table.interval().orElseThrow().word(), written(table, "from"))));
        } else if (tooMany(table)) {
            problems.add(document.problem(
                    path,
                    "%s makes %d partitions; at most %d are accepted."
                            .formatted(range, table.partitionStarts().count(), MOST_PARTITIONS),
                    "Check the years. Rows outside of the range go to the default partition and are not lost."));
        }
    }

    private static String written(TableEntry table, String key) {
        return table.json().path(TableEntry.PARTITION_BY).path(key).stringValue();
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
