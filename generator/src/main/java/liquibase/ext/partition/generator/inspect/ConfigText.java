package liquibase.ext.partition.generator.inspect;

import java.time.YearMonth;
import java.time.ZoneOffset;
import java.time.temporal.ChronoUnit;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Set;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import liquibase.ext.partition.attribute.TuningAttribute;
import liquibase.ext.partition.engine.catalog.Column;
import liquibase.ext.partition.engine.catalog.Feature;
import liquibase.ext.partition.engine.catalog.Obstacle;
import liquibase.ext.partition.engine.sql.Identifier;
import liquibase.ext.partition.generator.config.YamlText;

/**
 * A config for people to continue with: every choice has a comment, and everything undecided is marked TODO.
 *
 * @param yaml the config, its lines ended by line feeds
 * @param todos how many things are left to decide
 */
public record ConfigText(String yaml, int todos) {
    private static final Pattern PLAIN_NAME = Pattern.compile("[A-Za-z_][A-Za-z0-9_$]*");
    private static final Pattern PLAIN_TYPE = Pattern.compile("[A-Za-z_]([A-Za-z0-9_ (),.]*[A-Za-z0-9_)])?");

    /** Words that YAML 1.1 or 1.2 does not read as text. */
    private static final Set<String> WORDS_OF_YAML =
            Set.of("null", "true", "false", "yes", "no", "on", "off", "y", "n");

    /** PostgreSQL plans and locks by partition, so many partitions of few rows cost more than they give. */
    private static final long MANY_PARTITIONS = 240;

    private static final class Writer {
        private final StringBuilder text = new StringBuilder();
        private int todos;

        void line(String line) {
            text.append(line).append('\n');
        }

        /** Comments come from the catalog too, so nothing in them may end the line. */
        void comment(String indent, String comment) {
            line(indent + "# " + comment.replaceAll("\\p{Cntrl}|[\u0085\u2028\u2029]", "?"));
        }

        void todo(String indent, String comment) {
            todos++;
            comment(indent, "TODO " + comment);
        }
    }

    static ConfigText of(List<InspectedTable> tables) {
        Writer writer = new Writer();
        writer.comment(
                "", "The tables to partition. Decide what is marked TODO, review the rest, and then run generate.");
        writeDefaults(writer);
        writer.line("tables:");
        tables.forEach(table -> write(writer, table));
        return new ConfigText(writer.text.toString(), writer.todos);
    }

    /** Examples, since none of them is needed. */
    private static void writeDefaults(Writer writer) {
        writer.comment(
                "", "How the migrations work; a table may say otherwise in its entry, and off where it wants none.");
        writer.comment("", "defaults:");
        writeExample(writer, TuningAttribute.WORKERS, "connections that work side by side");
        writeExample(writer, TuningAttribute.MAX_REPLICA_LAG, "pause while a replica is further behind");
        writeExample(writer, TuningAttribute.MAX_LOAD, "pause while more sessions are active");
        writeExample(writer, TuningAttribute.WINDOW, "work in these hours only");
        writeExample(writer, TuningAttribute.MAX_DURATION, "then end; the next update goes on");
        TuningAttribute lock = TuningAttribute.LOCK_TIMEOUT;
        writeSetting(writer, lock, lock.standard().orElseThrow(), "the longest that writers wait behind an attempt");
    }

    private static void writeExample(Writer writer, TuningAttribute setting, String meaning) {
        writeSetting(writer, setting, setting.example(), meaning);
    }

    private static void writeSetting(Writer writer, TuningAttribute setting, String value, String meaning) {
        writer.comment("", "%-39s# %s".formatted("  %s: %s".formatted(setting.attributeName(), value), meaning));
    }

    private static void write(Writer writer, InspectedTable inspected) {
        String indent = "    ";
        List<Obstacle> obstacles = inspected.obstacles();
        obstacles.forEach(obstacle -> writer.todo("  ", refused(obstacle)));
        writer.line("  - schemaName: " + name(inspected.table().name().schema()));
        writer.line(indent + "tableName: " + name(inspected.table().name().name()));
        writeNames(writer, indent, inspected);
        writer.comment(
                indent,
                inspected.key().primaryKey()
                        ? "The primary key."
                        : "There is no primary key; the unique index %s makes these unique."
                                .formatted(inspected.key().name()));
        writer.line(indent + "keyColumns: " + names(inspected.key().columns()));
        writePartitionBy(writer, indent, inspected);
        writer.comment(
                indent,
                "Every column with its type in the new table: change one here, and values are converted on the way.");
        writer.comment(indent, "The deployment stops before anything is made if the table has other columns by then.");
        writer.line(indent + "columns:");
        for (Column column : inspected.table().columns()) {
            writer.line(indent + "  " + name(column.name()) + ": " + type(column.type()));
        }
    }

    private static String refused(Obstacle obstacle) {
        return "The table is refused as long as " + obstacle.what()
                + (obstacle.feature() == Feature.INCOMING_FOREIGN_KEYS
                        ? ", or until incomingForeignKeys says what becomes of it: drop or trigger."
                        : ".");
    }

    private static void writeNames(Writer writer, String indent, InspectedTable inspected) {
        DefaultNames names = DefaultNames.of(inspected.table().name().name());
        if (!inspected.takenNames().isEmpty()) {
            writer.todo(
                    indent,
                    "There is %s in the schema already: choose other names here."
                            .formatted(inspected.takenNames().stream()
                                    .map(Identifier::name)
                                    .collect(Collectors.joining(", "))));
        } else if (names.shortened()) {
            writer.comment(indent, "The default names would pass PostgreSQL's 63 bytes.");
        } else {
            return;
        }
        writer.line(indent + "newTableName: " + name(names.newTable()));
        writer.line(indent + "backupTableName: " + name(names.backup()));
        writer.line(indent + "deltaTableName: " + name(names.delta()));
        writer.line(indent + "partitionPrefix: " + quoteUnless(PLAIN_NAME, names.partitionPrefix()));
    }

    private static void writePartitionBy(Writer writer, String indent, InspectedTable inspected) {
        String deeper = indent + "  ";
        writer.line(indent + "partitionBy:");
        explainChoice(writer, deeper, inspected);
        writer.line(
                deeper + "columns: " + names(List.of(inspected.partitionColumn().name())));
        inspected
                .partitionColumn()
                .notation()
                .setting()
                .ifPresent(setting -> writer.line(deeper + setting.getKey() + ": " + setting.getValue()));
        writer.line(deeper + "interval: month");
        explain(writer, deeper, inspected.range(), inspected.partitionColumn().notation());
        writer.line(deeper + "from: " + inspected.range().from());
        YearMonth now = YearMonth.now(ZoneOffset.UTC);
        YearMonth until = inspected.range().until();
        if (until.isAfter(now)) {
            writer.comment(
                    deeper,
                    "The months after the present one that have a partition: every update makes what is missing.");
            writer.line(deeper + "ahead: " + Math.max(DateRange.MONTHS_AHEAD, now.until(until, ChronoUnit.MONTHS) - 1));
            return;
        }
        writer.comment(
                deeper,
                "The first month without a partition: %d months after the newest row."
                        .formatted(DateRange.MONTHS_AHEAD));
        writer.comment(
                deeper,
                "It is past, so rows of today would be in the default partition: say ahead: %d instead if such rows come in."
                        .formatted(DateRange.MONTHS_AHEAD));
        writer.line(deeper + "until: " + until);
    }

    private static void explainChoice(Writer writer, String indent, InspectedTable inspected) {
        TimeColumn chosen = inspected.partitionColumn();
        String others = inspected.otherCandidates().stream()
                .map(column -> column.name().name())
                .collect(Collectors.joining(", "));
        if (chosen.notation() != TimeNotation.DATE_TYPE) {
            writer.comment(
                    indent,
                    "%s; nearly every value in a sample of this one is %s."
                            .formatted(
                                    PartitionColumns.candidates(inspected.table(), List.of())
                                                    .isEmpty()
                                            ? "There is no date column to use"
                                            : "Dates change with an edit here, by their names",
                                    chosen.notation().phrase()));
            if (!TimeSample.isSure(chosen)) {
                writer.todo(
                        indent,
                        "Make sure that %s is a time: nothing but the size of its numbers says so."
                                .formatted(chosen.name().name()));
            }
        } else if (!chosen.column().notNull()) {
            writer.comment(
                    indent,
                    "It may be NULL, so that no primary key can hold it. If it never is, SET NOT NULL in the table first.");
        }
        if (PartitionColumns.changes(chosen.name())) {
            writer.todo(
                    indent,
                    "By its name it changes with an edit, and then a row moves to another partition. Take a column that stays as it is, if there is one.");
        }
        if (others.isEmpty()) {
            return;
        }
        boolean nullable = !chosen.column().notNull();
        writer.todo(
                indent,
                nullable
                        ? "Add others if they tell the time where this one is NULL; the first in the list that is not NULL decides. There is %s."
                                .formatted(others)
                        : "Choose the column that queries filter by and that does not change; %s would do too."
                                .formatted(others));
    }

    private static void explain(Writer writer, String indent, DateRange range, TimeNotation notation) {
        if (range instanceof DateRange.Measured measured) {
            writer.comment(
                    indent,
                    "The oldest row is of %s, the newest of %s (UTC).".formatted(measured.oldest(), measured.newest()));
            explainOutside(writer, indent, measured, notation);
        } else if (range instanceof DateRange.Estimated estimated) {
            writer.todo(
                    indent,
                    "Check the months: statistics say %s to %s, because %s."
                            .formatted(estimated.oldest(), estimated.newest(), estimated.why()));
            if (estimated.nullShare() > 0) {
                writer.comment(
                        indent,
                        "About %s %% of the rows have NULL and would be in the default partition; others were not counted."
                                .formatted(Math.round(100 * estimated.nullShare())));
            }
        } else if (range instanceof DateRange.Unknown unknown) {
            writer.todo(
                    indent,
                    "Choose the months; these begin with the present one, because %s.".formatted(unknown.why()));
        }
        long partitions = range.from().until(range.until(), ChronoUnit.MONTHS);
        if (partitions > MANY_PARTITIONS) {
            writer.todo(
                    indent,
                    "These are %d partitions. A later from leaves the rows before it to the default partition."
                            .formatted(partitions));
        }
    }

    private static void explainOutside(
            Writer writer, String indent, DateRange.Measured measured, TimeNotation notation) {
        DateRange.Outside outside = measured.outside();
        if (outside.rows() == 0) {
            writer.comment(indent, "None of the %d rows would be in the default partition.".formatted(measured.rows()));
            return;
        }
        Map<String, Long> causes = new LinkedHashMap<>();
        causes.put("NULL", outside.nulls());
        causes.put("not " + notation.phrase(), outside.notTimes());
        causes.put("infinite", outside.infinite());
        causes.put("before from", outside.before());
        causes.put("after until", outside.after());
        writer.comment(
                indent,
                "%d of the %d rows would be in the default partition: %s."
                        .formatted(
                                outside.rows(),
                                measured.rows(),
                                causes.entrySet().stream()
                                        .filter(cause -> cause.getValue() > 0)
                                        .map(cause -> cause.getValue() + " " + cause.getKey())
                                        .collect(Collectors.joining(", "))));
        if (outside.before() + outside.after() > 0) {
            writer.comment(
                    indent,
                    "Dates before 1971, or more than ten years ahead, are hardly meant, and were left aside for from and until.");
        }
    }

    private static String names(List<Identifier> names) {
        List<String> quoted = new ArrayList<>();
        names.forEach(name -> quoted.add(name(name)));
        return "[" + String.join(", ", quoted) + "]";
    }

    private static String name(Identifier name) {
        return quoteUnless(PLAIN_NAME, name.name());
    }

    private static String type(String type) {
        return quoteUnless(PLAIN_TYPE, type);
    }

    private static String quoteUnless(Pattern plain, String text) {
        return plain.matcher(text).matches() && !WORDS_OF_YAML.contains(text.toLowerCase(Locale.ROOT))
                ? text
                : '"' + YamlText.escaped(text) + '"';
    }
}
