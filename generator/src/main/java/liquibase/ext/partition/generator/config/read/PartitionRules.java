package liquibase.ext.partition.generator.config.read;

import java.time.LocalDate;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import liquibase.ext.partition.engine.partitioning.PartitionInterval;
import liquibase.ext.partition.engine.partitioning.Routing;
import liquibase.ext.partition.generator.config.ArchiveConfig;
import liquibase.ext.partition.generator.config.document.ConfigDocument;
import liquibase.ext.partition.generator.config.document.KeyPath;
import liquibase.ext.partition.generator.config.document.Problem;
import liquibase.ext.partition.generator.config.document.Quoted;

/** The rules between the key, the partition key and its range. */
final class PartitionRules {
    /**
     * Thirteen years of days, or four centuries of months. Planning time and the locks of one statement grow with the
     * number of partitions. Far fewer than this are already too many for PostgreSQL, so a config with more has a
     * mistyped year.
     */
    private static final int MOST_PARTITIONS = 5000;

    private final ConfigDocument document;
    private final List<Problem> problems = new ArrayList<>();

    PartitionRules(ConfigDocument document) {
        this.document = document;
    }

    List<Problem> problems(List<TableEntry> tables) {
        for (TableEntry table : tables) {
            checkBound(table, "from");
            checkBound(table, "until");
            checkEnd(table);
            checkRange(table);
            checkCombinedColumn(table);
            checkSchema(table);
            checkExpressions(table);
            checkRetirement(table);
            if (table.hasColumns()) {
                checkAmongColumns(table, table.keyColumns(), "key column");
                checkAmongColumns(table, table.partitionColumns(), "partition column");
            }
        }
        return problems;
    }

    /** The problems of the days on which the partitions begin and end. */
    List<Problem> problemsOfRange(TableEntry table) {
        checkBound(table, "from");
        checkBound(table, "until");
        checkRange(table);
        return problems;
    }

    /** Whether the number of partitions is so large that it can only be a mistake. */
    static boolean tooMany(TableEntry table) {
        return table.partitionStarts().skip(MOST_PARTITIONS).findAny().isPresent();
    }

    private void checkBound(TableEntry table, String key) {
        Optional<PartitionInterval> interval = table.interval();
        Optional<String> text = table.boundText(key);
        if (interval.isEmpty() || text.isEmpty() || table.bound(key).isPresent()) {
            return;
        }
        // A day in any form, on which an interval of another length could start.
        Optional<LocalDate> day = TableEntry.unlessRefused(() -> PartitionInterval.DAY.parseBound(key, text.get()));
        problems.add(document.problem(
                table.partitionPath(key),
                day.isEmpty()
                        ? "%s is not a %s, nor the first day of one."
                                .formatted(Quoted.of(text.get()), interval.get().word())
                        : "%s is not the first day of a %s."
                                .formatted(Quoted.of(text.get()), interval.get().word()),
                day.map(it -> "The one around it starts on %s: write %s: %s."
                                .formatted(
                                        interval.get().startOf(it),
                                        key,
                                        interval.get().write(interval.get().startOf(it))))
                        .orElseGet(() -> "Write for example %s: %s%s."
                                .formatted(
                                        key,
                                        interval.get().example(),
                                        interval.get() == PartitionInterval.DAY
                                                ? ""
                                                : " or %s: 2024-01-01".formatted(key)))));
    }

    private void checkSchema(TableEntry table) {
        if (table.text(TableEntry.PARTITION_SCHEMA).isPresent()
                && table.text(TableEntry.ROUTING)
                        .filter(Routing.TRIGGER.word()::equals)
                        .isPresent()) {
            problems.add(document.problem(
                    table.path().child(TableEntry.PARTITION_SCHEMA),
                    "partitionSchema is given, and routing is trigger, whose functions find the children in the table's own schema.",
                    "Remove partitionSchema, or write routing: native."));
        }
    }

    private void checkEnd(TableEntry table) {
        boolean hasUntil = table.hasPartitionKey("until");
        boolean hasAhead = table.hasPartitionKey(TableEntry.AHEAD);
        if (hasUntil && hasAhead) {
            problems.add(
                    document.problem(
                            table.partitionPath(TableEntry.AHEAD),
                            "ahead and until are both given.",
                            "Remove one of them: ahead counts intervals from the day of each update on, and until is a fixed end."));
        } else if (!hasUntil && !hasAhead && table.hasPartitionBy()) {
            problems.add(
                    document.problem(
                            table.partitionPath(TableEntry.AHEAD),
                            "Neither ahead nor until says how far the partitions reach.",
                            "Write ahead: 6, and every update makes what is missing of the six that come next; or until, the first one without a partition."));
        }
    }

    private void checkRange(TableEntry table) {
        if (table.hasPartitionKey(TableEntry.AHEAD)) {
            checkReach(table);
            return;
        }
        if (table.bound("from").isEmpty() || table.bound("until").isEmpty()) {
            return;
        }
        String range = "The range from %s until %s".formatted(written(table, "from"), written(table, "until"));
        KeyPath path = table.partitionPath("until");
        if (table.partitionStarts().findAny().isEmpty()) {
            problems.add(document.problem(
                    path,
                    range + " holds no partition.",
                    "until is the first %s without a partition: write one after %s."
                            .formatted(table.interval().orElseThrow().word(), written(table, "from"))));
        } else if (tooMany(table)) {
            problems.add(
                    document.problem(
                            path,
                            "%s makes %d partitions; at most %d are accepted."
                                    .formatted(range, table.partitionStarts().count(), MOST_PARTITIONS),
                            "Check the years, or choose a longer interval. Rows outside of the range go to the default partition and are not lost."));
        }
    }

    private void checkReach(TableEntry table) {
        if (table.bound("from").isEmpty() || table.ahead().isEmpty() || table.hasPartitionKey("until")) {
            return;
        }
        if (table.partitionStarts().findAny().isEmpty()) {
            problems.add(document.problem(
                    table.partitionPath("from"),
                    "from is %s, which is further ahead than ahead: %d reaches today."
                            .formatted(written(table, "from"), table.ahead().get()),
                    "Write the first %s that shall have a partition."
                            .formatted(table.interval().orElseThrow().word())));
        } else if (tooMany(table)) {
            problems.add(
                    document.problem(
                            table.partitionPath("from"),
                            "From %s and ahead: %d make %d partitions today; at most %d are accepted."
                                    .formatted(
                                            written(table, "from"),
                                            table.ahead().get(),
                                            table.partitionStarts().count(),
                                            MOST_PARTITIONS),
                            "Check the year, or choose a longer interval. Rows outside of the range go to the default partition and are not lost."));
        }
    }

    private static String written(TableEntry table, String key) {
        return table.boundText(key).orElseThrow();
    }

    /** The combined column is made, so the table must not have it yet. */
    private void checkCombinedColumn(TableEntry table) {
        Optional<String> combined = table.partitionText(TableEntry.COMBINED_COLUMN);
        Set<String> present = new HashSet<>(table.keyColumns().values());
        present.addAll(table.partitionColumns().values());
        present.addAll(table.columns().keySet());
        combined.filter(present::contains)
                .ifPresent(
                        name -> problems.add(
                                document.problem(
                                        table.partitionPath(TableEntry.COMBINED_COLUMN),
                                        "%s is a column of the table already, and combinedColumn is one that is added."
                                                .formatted(Quoted.of(name)),
                                        "Choose another name, or remove the key: a combined column is not needed to partition by several.")));
    }

    private void checkExpressions(TableEntry table) {
        table.columns().forEach((name, column) -> {
            if (column.using() == null && column.reverseUsing() != null) {
                problems.add(document.problem(
                        table.path().child(TableEntry.COLUMNS).child(name).child(TableEntry.REVERSE_USING),
                        "reverseUsing is the way back from using, which is missing.",
                        "Add using, or remove reverseUsing: a change of the type alone is undone by a cast."));
            }
        });
    }

    private void checkRetirement(TableEntry table) {
        if (table.json().has(TableEntry.KEEP) && !table.json().has(TableEntry.RETIRE)) {
            problems.add(document.problem(
                    table.path().child(TableEntry.RETIRE),
                    "keep says which partitions leave the table, and nothing says what becomes of them.",
                    "Write retire: detach, retire: drop, or retire: archive."));
        }
        for (String key :
                List.of(TableEntry.RETIRE, TableEntry.RETIRE_SCHEMA, TableEntry.RETIRE_APPROVAL, TableEntry.ARCHIVE)) {
            if (table.json().has(key) && !table.json().has(TableEntry.KEEP)) {
                problems.add(document.problem(
                        table.path().child(key),
                        "Nothing says which partitions leave the table.",
                        "Write keep, how many intervals before the present one stay, or remove %s.".formatted(key)));
                return;
            }
        }
        if (table.json().has(TableEntry.RETIRE_APPROVAL)
                && table.text(TableEntry.RETIRE).filter("detach"::equals).isPresent()) {
            problems.add(document.problem(
                    table.path().child(TableEntry.RETIRE_APPROVAL),
                    "retireApproval is about a drop, and retire: detach drops nothing.",
                    "Remove it, or write retire: drop."));
        }
        boolean isArchived =
                table.text(TableEntry.RETIRE).filter("archive"::equals).isPresent();
        if (isArchived && !table.json().has(TableEntry.ARCHIVE)) {
            problems.add(document.problem(
                    table.path().child(TableEntry.RETIRE),
                    "retire is archive, and nothing says where to.",
                    "Write archive: {files: /srv/archive, format: csv.gz}."));
        }
        Optional<ArchiveConfig> archive = table.archive();
        if (archive.isPresent()
                && (archive.get().files() == null) == (archive.get().tablespace() == null)) {
            problems.add(document.problem(
                    table.path().child(TableEntry.ARCHIVE),
                    "archive must name one place, files or a tablespace.",
                    "Write archive: {files: /srv/archive, format: csv.gz}, or archive: {tablespace: cold}."));
        }
        if (archive.filter(it -> it.tablespace() != null).isPresent()) {
            for (String key : List.of(TableEntry.RETIRE_APPROVAL, TableEntry.RETIRE_SCHEMA)) {
                if (table.json().has(key)) {
                    problems.add(document.problem(
                            table.path().child(key),
                            "A partition that is moved to a tablespace stays a partition, so that %s has no meaning."
                                    .formatted(key),
                            "Remove it."));
                }
            }
        }
        if (!isArchived && table.json().has(TableEntry.ARCHIVE)) {
            problems.add(document.problem(
                    table.path().child(TableEntry.ARCHIVE),
                    "archive says where partitions are archived to, and retire does not say that they are.",
                    "Write retire: archive, or remove archive."));
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
