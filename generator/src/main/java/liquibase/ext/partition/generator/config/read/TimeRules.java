package liquibase.ext.partition.generator.config.read;

import java.time.LocalDate;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.function.Function;
import java.util.regex.Pattern;
import liquibase.ext.partition.engine.partitioning.PartitionInterval;
import liquibase.ext.partition.engine.partitioning.PartitionKeySpec;
import liquibase.ext.partition.engine.sql.Identifier;
import liquibase.ext.partition.engine.sql.QualifiedName;
import liquibase.ext.partition.engine.time.Epoch;
import liquibase.ext.partition.engine.time.KeyTime;
import liquibase.ext.partition.engine.time.TextDateFormat;
import liquibase.ext.partition.engine.time.TimeEncoding;
import liquibase.ext.partition.engine.time.TimeFormats;
import liquibase.ext.partition.generator.config.document.ConfigDocument;
import liquibase.ext.partition.generator.config.document.Problem;

/**
 * Whether a time can be read out of the partition columns as the config says. The engine decides; its reasons become
 * problems.
 */
final class TimeRules {
    /** Names of types as format_type and people write them, without modifiers, with their names in the catalog. */
    private static final Map<String, String> TYPE_NAMES = Map.ofEntries(
            Map.entry("date", "date"),
            Map.entry("timestamp", "timestamp"),
            Map.entry("timestamp without time zone", "timestamp"),
            Map.entry("timestamptz", "timestamptz"),
            Map.entry("timestamp with time zone", "timestamptz"),
            Map.entry("text", "text"),
            Map.entry("character varying", "varchar"),
            Map.entry("varchar", "varchar"),
            Map.entry("character", "bpchar"),
            Map.entry("char", "bpchar"),
            Map.entry("smallint", "int2"),
            Map.entry("integer", "int4"),
            Map.entry("int", "int4"),
            Map.entry("bigint", "int8"),
            Map.entry("numeric", "numeric"),
            Map.entry("real", "float4"),
            Map.entry("double precision", "float8"),
            Map.entry("uuid", "uuid"),
            Map.entry("boolean", "bool"),
            Map.entry("jsonb", "jsonb"));

    private static final Pattern MODIFIERS = Pattern.compile("\\([^)]*\\)");

    /** Stands for the function that the deployment makes; the types do not depend on it. */
    private static final QualifiedName ANY_FUNCTION = QualifiedName.of("any", "any");

    private final ConfigDocument document;
    private final List<Problem> problems = new ArrayList<>();

    TimeRules(ConfigDocument document) {
        this.document = document;
    }

    List<Problem> problems(List<TableEntry> tables) {
        tables.forEach(this::checkTimes);
        return problems;
    }

    /**
     * The content of the columns can be described in one way only: numbers are either counted since 1970 or keys with a
     * time inside.
     */
    private void checkTimes(TableEntry table) {
        int before = problems.size();
        if (table.partitionText(TableEntry.EPOCH).isPresent()
                && table.partitionText(TableEntry.KEY_TIME).isPresent()) {
            problems.add(
                    document.problem(
                            table.partitionPath(TableEntry.KEY_TIME),
                            "epoch and keyTime both say where the time of a row is.",
                            "Keep epoch if the columns count seconds or milliseconds since 1970, and keyTime if they are keys that begin with the time."));
        }
        checkUnderstood(
                table,
                TableEntry.TEXT_FORMAT,
                "Write for example textFormat: DD.MM.YYYY HH24:MI.",
                TextDateFormat::parse);
        Optional<KeyTime> keyTime =
                checkUnderstood(table, TableEntry.KEY_TIME, "Write for example keyTime: uuidv7.", KeyTime::parse);
        keyTime.ifPresent(it -> checkKeyReaches(table, it));
        Optional<String> epochWord = table.partitionText(TableEntry.EPOCH);
        Optional<Epoch.Unit> epoch = epochWord.flatMap(word -> TableEntry.unlessRefused(() -> Epoch.Unit.parse(word)));
        // A setting that is invalid would be reported a second time as missing.
        if (problems.size() == before && epoch.isPresent() == epochWord.isPresent()) {
            // As at deployment: a text is a date unless the config calls it a key.
            boolean textIsKey = keyTime.isPresent()
                    && table.partitionText(TableEntry.TEXT_FORMAT).isEmpty();
            checkTypes(
                    table, new TimeFormats(textIsKey ? null : ANY_FUNCTION, epoch.orElse(null), keyTime.orElse(null)));
            if (problems.size() == before) {
                checkUsed(table);
            }
        }
    }

    /** If {@code columns} does not state every type, only the deployment can check this. */
    private void checkUsed(TableEntry table) {
        Map<Identifier, String> types = new LinkedHashMap<>();
        for (String name : table.partitionColumns().values()) {
            Optional<String> type =
                    Optional.ofNullable(table.columns().get(name)).flatMap(column -> typeName(column.type()));
            if (type.isEmpty()) {
                return;
            }
            types.put(new Identifier(name), type.get());
        }
        if (types.isEmpty()) {
            return;
        }
        new PartitionKeySpec(
                        List.copyOf(types.keySet()),
                        table.partitionText(TableEntry.TEXT_FORMAT),
                        table.partitionText(TableEntry.EPOCH),
                        table.partitionText(TableEntry.KEY_TIME),
                        Optional.empty())
                .unused(types)
                .forEach(unused -> problems.add(document.problem(
                        table.partitionPath(unused.setting()),
                        unused.why(),
                        "Remove it, or correct the column or its type.")));
    }

    /** The engine's reading of a text; if the engine refuses, its reason becomes a problem. */
    private <T> Optional<T> checkUnderstood(
            TableEntry table, String key, String remedy, Function<String, T> understood) {
        try {
            return table.partitionText(key).map(understood);
        } catch (IllegalArgumentException e) {
            problems.add(document.problem(table.partitionPath(key), e.getMessage(), remedy));
            return Optional.empty();
        }
    }

    /**
     * The bounds of a table partitioned by its key alone are keys, which begin with a clock that starts at some time.
     */
    private void checkKeyReaches(TableEntry table, KeyTime keyTime) {
        boolean boundsAreKeys = table.partitionColumns().size() == 1
                && table.partitionText(TableEntry.COMBINED_COLUMN).isEmpty();
        if (!boundsAreKeys) {
            return;
        }
        TimeEncoding encoding = keyTime.in(keyTime.isKeptIn("uuid") ? "uuid" : "int8");
        for (String key : List.of("from", "until")) {
            table.bound(key)
                    .flatMap(day -> whyNoKey(encoding, day, table.interval().orElseThrow()))
                    .ifPresent(why -> problems.add(document.problem(
                            table.partitionPath(key),
                            why,
                            "Write a day that such a key can hold, or correct keyTime.")));
        }
    }

    private static Optional<String> whyNoKey(TimeEncoding encoding, LocalDate day, PartitionInterval interval) {
        try {
            return encoding.bound(day).equals(encoding.bound(interval.next(day)))
                    ? Optional.of("No such key is of the %s that begins on %s; they begin later."
                            .formatted(interval.word(), day))
                    : Optional.empty();
        } catch (IllegalArgumentException e) {
            return Optional.of(e.getMessage());
        }
    }

    /** The types in {@code columns} are those of the new table, from which the partition key is made. */
    private void checkTypes(TableEntry table, TimeFormats formats) {
        table.partitionColumns().forEach((path, name) -> {
            Optional<String> type =
                    Optional.ofNullable(table.columns().get(name)).flatMap(column -> typeName(column.type()));
            type.ifPresent(it -> {
                try {
                    formats.of(new Identifier(name), it);
                } catch (IllegalArgumentException e) {
                    problems.add(document.problem(
                            path, e.getMessage(), "Add the key to partitionBy, or partition by another column."));
                }
            });
        });
    }

    /** The catalog's name of a type; empty for a type that only the deployment knows. */
    private static Optional<String> typeName(String type) {
        String plain = MODIFIERS.matcher(type.toLowerCase(Locale.ROOT)).replaceAll("");
        return Optional.ofNullable(TYPE_NAMES.get(plain.strip().replaceAll("\\s+", " ")));
    }
}
