package liquibase.ext.partition.generator.config.read;

import java.time.LocalDate;
import java.time.ZoneOffset;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.function.Supplier;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import liquibase.ext.partition.engine.partitioning.Partition;
import liquibase.ext.partition.engine.partitioning.PartitionInterval;
import liquibase.ext.partition.engine.partitioning.PartitionLayout;
import liquibase.ext.partition.engine.partitioning.Retention;
import liquibase.ext.partition.engine.partitioning.Runway;
import liquibase.ext.partition.engine.sql.Identifier;
import liquibase.ext.partition.generator.config.ArchiveConfig;
import liquibase.ext.partition.generator.config.ColumnConfig;
import liquibase.ext.partition.generator.config.document.KeyPath;
import tools.jackson.databind.JsonNode;

/**
 * One entry of {@code tables} or {@code exchanges} as it was written, which may have every kind of mistake: a value
 * that is missing, or has the wrong type, counts as not there. The rules look at entries; the model is made from an
 * entry when no rule objects.
 */
record TableEntry(KeyPath path, JsonNode json) {
    /** The key beside {@code tables} with the settings for all tables that have none of their own. */
    static final String DEFAULTS = "defaults";

    static final String TABLES = "tables";
    static final String EXCHANGES = "exchanges";
    static final String TABLE_NAME = "tableName";
    static final String THROUGH_TABLE_NAME = "throughTableName";
    static final String SCHEMA_NAME = "schemaName";
    static final String PARTITION_PREFIX = "partitionPrefix";
    static final String PARTITION_SCHEMA = "partitionSchema";
    static final String KEY_COLUMNS = "keyColumns";
    static final String PARTITION_BY = "partitionBy";
    static final String COLUMNS = "columns";
    static final String ROUTING = "routing";
    static final String INCOMING_FOREIGN_KEYS = "incomingForeignKeys";
    static final String KEEP = "keep";
    static final String RETIRE = "retire";
    static final String RETIRE_APPROVAL = "retireApproval";
    static final String RETIRE_SCHEMA = "retireSchema";
    static final String ARCHIVE = "archive";
    static final String COMBINED_COLUMN = "combinedColumn";
    static final String AHEAD = "ahead";
    static final String TEXT_FORMAT = "textFormat";
    static final String EPOCH = "epoch";
    static final String KEY_TIME = "keyTime";
    static final String USING = "using";
    static final String REVERSE_USING = "reverseUsing";

    /** The suffixes that make the default names from the table's name, in the order in which people think of them. */
    static final Map<String, String> DEFAULT_SUFFIXES = defaultSuffixes();

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
        return of(config, TABLES);
    }

    /** The entries of the exchanges of a config, which have some of the keys of a table. */
    static List<TableEntry> exchangesOf(JsonNode config) {
        return of(config, EXCHANGES);
    }

    private static List<TableEntry> of(JsonNode config, String key) {
        KeyPath tables = KeyPath.ROOT.child(key);
        JsonNode list = config.path(key);
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

    /** A text or a whole number as it was written, trimmed; empty if it is missing or empty. */
    static Optional<String> scalar(JsonNode value) {
        return (value.isIntegralNumber() ? Optional.of(value.asString()) : text(value)).map(String::strip);
    }

    /** A name as given, or the default one; empty when neither can be known. */
    Optional<String> name(String key) {
        return text(key)
                .or(() -> json.has(key)
                        ? Optional.empty()
                        : text(TABLE_NAME).map(table -> table + DEFAULT_SUFFIXES.get(key)));
    }

    /** The key from which {@link #name} comes: the name's own key, or the table's name when that is left out. */
    KeyPath origin(String key) {
        return path.child(json.has(key) ? key : TABLE_NAME);
    }

    /** The texts of a list, each with its path. */
    Map<KeyPath, String> texts(KeyPath listPath, JsonNode list) {
        Map<KeyPath, String> texts = new LinkedHashMap<>();
        for (int i = 0; list.isArray() && i < list.size(); i++) {
            KeyPath item = listPath.child(i);
            text(list.get(i)).ifPresent(text -> texts.put(item, text));
        }
        return texts;
    }

    /** {@code keyColumns}, each with its path. */
    Map<KeyPath, String> keyColumns() {
        return texts(path.child(KEY_COLUMNS), json.path(KEY_COLUMNS));
    }

    /** {@code partitionBy.columns}, each with its path. */
    Map<KeyPath, String> partitionColumns() {
        return texts(
                path.child(PARTITION_BY).child(COLUMNS), json.path(PARTITION_BY).path(COLUMNS));
    }

    /** A text of {@code partitionBy}, unless it is missing or empty. */
    Optional<String> partitionText(String key) {
        return text(json.path(PARTITION_BY).path(key));
    }

    /** The path of a key of {@code partitionBy}. */
    KeyPath partitionPath(String key) {
        return path.child(PARTITION_BY).child(key);
    }

    /** The {@code columns} that have a type, by name; empty when there are none. */
    Map<String, ColumnConfig> columns() {
        Map<String, ColumnConfig> columns = new LinkedHashMap<>();
        json.path(COLUMNS)
                .properties()
                .forEach(column -> column(column.getValue()).ifPresent(it -> columns.put(column.getKey(), it)));
        return columns;
    }

    private static Optional<ColumnConfig> column(JsonNode value) {
        Optional<String> typeAlone = text(value);
        return typeAlone.isPresent()
                ? typeAlone.map(type -> new ColumnConfig(type, null, null))
                : text(value.path("type"))
                        .map(type -> new ColumnConfig(
                                type,
                                text(value.path(USING)).orElse(null),
                                text(value.path(REVERSE_USING)).orElse(null)));
    }

    /** Whether the config states the table's columns. */
    boolean hasColumns() {
        return json.path(COLUMNS).isObject() && !json.path(COLUMNS).isEmpty();
    }

    /** {@code partitionBy.interval}, or the default one; empty when there is no such interval. */
    Optional<PartitionInterval> interval() {
        JsonNode interval = json.path(PARTITION_BY).path("interval");
        return interval.isMissingNode()
                ? Optional.of(PartitionInterval.MONTH)
                : text(interval).flatMap(word -> unlessRefused(() -> PartitionInterval.parse(word)));
    }

    /** {@code from} or {@code until} as it was written, a year perhaps as a number; empty when it is missing. */
    Optional<String> boundText(String key) {
        JsonNode bound = json.path(PARTITION_BY).path(key);
        return bound.isIntegralNumber() ? Optional.of(bound.asString()) : text(bound);
    }

    /** {@code from} or {@code until} of {@code partitionBy}; empty when no interval starts there. */
    Optional<LocalDate> bound(String key) {
        return boundText(key)
                .flatMap(text -> interval().flatMap(interval -> unlessRefused(() -> interval.parseBound(key, text))));
    }

    /** {@code ahead} of {@code partitionBy}; empty when it is missing, or no such number. */
    Optional<Integer> ahead() {
        JsonNode ahead = json.path(PARTITION_BY).path(AHEAD);
        return ahead.isIntegralNumber()
                ? Optional.of(ahead.intValue()).filter(it -> it >= 0 && it <= Runway.MOST_AHEAD)
                : Optional.empty();
    }

    /** {@code keep}; empty when it is missing, or no such number. */
    Optional<Integer> keep() {
        JsonNode keep = json.path(KEEP);
        return keep.isIntegralNumber()
                ? Optional.of(keep.intValue()).filter(it -> it >= 1 && it <= Retention.MOST_KEPT)
                : Optional.empty();
    }

    /** {@code archive}; empty when it is missing, or nothing that has keys. */
    Optional<ArchiveConfig> archive() {
        JsonNode archive = json.path(ARCHIVE);
        return archive.isObject()
                ? Optional.of(new ArchiveConfig(
                        scalar(archive.path("files")).orElse(null),
                        scalar(archive.path("format")).orElse(null),
                        scalar(archive.path("tablespace")).orElse(null)))
                : Optional.empty();
    }

    boolean hasPartitionBy() {
        return json.path(PARTITION_BY).isObject();
    }

    /** Whether {@code partitionBy} has that key. */
    boolean hasPartitionKey(String key) {
        return json.path(PARTITION_BY).has(key);
    }

    /**
     * The first day without a partition; empty when it is not known. With {@code ahead} it is that of today, by this
     * machine's clock, while the deployment goes by the server's clock of its day.
     */
    private Optional<LocalDate> end() {
        return hasPartitionKey(AHEAD)
                ? ahead().flatMap(count -> interval()
                        .flatMap(interval ->
                                unlessRefused(() -> Runway.ahead(count).end(interval, LocalDate.now(ZoneOffset.UTC)))))
                : bound("until");
    }

    /**
     * The first days of the partitions, without the default one, in order; empty when {@code from} and the end are not
     * both known.
     */
    Stream<LocalDate> partitionStarts() {
        Optional<LocalDate> from = bound("from");
        Optional<LocalDate> until = end();
        if (from.isEmpty() || until.isEmpty()) {
            return Stream.empty();
        }
        return Stream.iterate(
                from.get(), start -> start.isBefore(until.get()), interval().orElseThrow()::next);
    }

    /** Whether the entry is of an exchange, whose new default partition has the name of the old one. */
    private boolean isExchange() {
        return path.parent().equals(KeyPath.ROOT.child(EXCHANGES));
    }

    /** The names of the partitions; empty unless a prefix and a range from which names can be made are known. */
    List<String> partitionNames() {
        Optional<String> prefix = name(PARTITION_PREFIX);
        if (prefix.isEmpty() || partitionStarts().findAny().isEmpty() || PartitionRules.tooMany(this)) {
            return List.of();
        }
        return unlessRefused(() -> {
                    PartitionLayout layout = new PartitionLayout(
                            prefix.get(),
                            interval().orElseThrow(),
                            bound("from").orElseThrow(),
                            end().orElseThrow());
                    return Stream.concat(
                                    layout.partitions().stream().map(Partition::name),
                                    Stream.of(layout.defaultPartition()).filter(it -> !isExchange()))
                            .map(Identifier::name)
                            .toList();
                })
                .orElse(List.of());
    }

    /** The engine's result; empty if the engine refuses. The schema and the other rules say why. */
    static <T> Optional<T> unlessRefused(Supplier<T> made) {
        try {
            return Optional.of(made.get());
        } catch (IllegalArgumentException e) {
            return Optional.empty();
        }
    }
}
