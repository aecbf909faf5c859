package liquibase.ext.partition.generator.config;

import java.time.YearMonth;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.regex.Pattern;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import tools.jackson.databind.JsonNode;

/**
 * One entry of {@code tables} as it was written, which may be wrong in every way: what is missing, or is of another type
 * than it should be, is not there. The rules look at entries; the model is made of one when no rule objects.
 */
record TableEntry(KeyPath path, JsonNode json) {
    static final String TABLE_NAME = "tableName";
    static final String SCHEMA_NAME = "schemaName";
    static final String PARTITION_PREFIX = "partitionPrefix";
    static final String KEY_COLUMNS = "keyColumns";
    static final String PARTITION_BY = "partitionBy";
    static final String COLUMNS = "columns";

    /** What follows the table's name in the names that the config leaves out, in the order people think of them. */
    static final Map<String, String> DEFAULT_SUFFIXES = defaultSuffixes();

    private static final Pattern MONTH = Pattern.compile("[12][0-9]{3}-(0[1-9]|1[0-2])(-01)?");

    private static Map<String, String> defaultSuffixes() {
        Map<String, String> suffixes = new LinkedHashMap<>();
        suffixes.put("newTableName", "_new");
        suffixes.put("backupTableName", "_old");
        suffixes.put("deltaTableName", "_delta");
        suffixes.put(PARTITION_PREFIX, "_");
        return suffixes;
    }

    /** The entries of a config. */
    static List<TableEntry> of(JsonNode config) {
        KeyPath tables = KeyPath.ROOT.child("tables");
        JsonNode list = config.path("tables");
        if (!list.isArray()) {
            return List.of();
        }
        return IntStream.range(0, list.size())
                .mapToObj(i -> new TableEntry(tables.child(i), list.get(i)))
                .toList();
    }

    /** A text, unless it is missing or empty. */
    Optional<String> text(String key) {
        return text(json.path(key));
    }

    private static Optional<String> text(JsonNode value) {
        return Optional.of(value)
                .filter(JsonNode::isString)
                .map(JsonNode::stringValue)
                .filter(it -> !it.isEmpty());
    }

    /** A name as given, or the default one; empty when neither can be known. */
    Optional<String> name(String key) {
        return text(key)
                .or(() -> json.has(key)
                        ? Optional.empty()
                        : text(TABLE_NAME).map(table -> table + DEFAULT_SUFFIXES.get(key)));
    }

    /** Where {@link #name} comes from: the key itself, or the table's name when it is left out. */
    KeyPath origin(String key) {
        return path.child(json.has(key) ? key : TABLE_NAME);
    }

    /** The texts of a list and where each of them is. */
    Map<KeyPath, String> texts(KeyPath listPath, JsonNode list) {
        Map<KeyPath, String> texts = new LinkedHashMap<>();
        for (int i = 0; list.isArray() && i < list.size(); i++) {
            KeyPath item = listPath.child(i);
            text(list.get(i)).ifPresent(text -> texts.put(item, text));
        }
        return texts;
    }

    /** {@code keyColumns}, and where each of them is. */
    Map<KeyPath, String> keyColumns() {
        return texts(path.child(KEY_COLUMNS), json.path(KEY_COLUMNS));
    }

    /** {@code partitionBy.columns}, and where each of them is. */
    Map<KeyPath, String> partitionColumns() {
        return texts(
                path.child(PARTITION_BY).child(COLUMNS), json.path(PARTITION_BY).path(COLUMNS));
    }

    /** {@code columns}: name to type, as far as they are texts; empty when there are none. */
    Map<String, String> columns() {
        Map<String, String> columns = new LinkedHashMap<>();
        json.path(COLUMNS)
                .properties()
                .forEach(column -> text(column.getValue()).ifPresent(type -> columns.put(column.getKey(), type)));
        return columns;
    }

    /** Whether the config states the table's columns. */
    boolean hasColumns() {
        return json.path(COLUMNS).isObject() && !json.path(COLUMNS).isEmpty();
    }

    /** A month of {@code partitionBy}, when it is one: {@code 2024-01} or {@code 2024-01-01}. */
    Optional<YearMonth> month(String key) {
        return text(json.path(PARTITION_BY).path(key))
                .filter(text -> MONTH.matcher(text).matches())
                .map(text -> YearMonth.parse(text.substring(0, "2024-01".length())));
    }

    /** The names of the partitions; empty unless the prefix and a range of sensible length are known. */
    List<String> partitionNames() {
        Optional<String> prefix = name(PARTITION_PREFIX);
        Optional<YearMonth> from = month("from");
        Optional<YearMonth> until = month("until");
        if (prefix.isEmpty()
                || from.isEmpty()
                || until.isEmpty()
                || PartitionRules.mostExceeded(from.get(), until.get())) {
            return List.of();
        }
        Stream<String> months = Stream.iterate(
                        from.get(), month -> month.isBefore(until.get()), month -> month.plusMonths(1))
                .map(month -> "%04d%02d".formatted(month.getYear(), month.getMonthValue()));
        return Stream.concat(months, Stream.of("default"))
                .map(prefix.get()::concat)
                .toList();
    }
}
