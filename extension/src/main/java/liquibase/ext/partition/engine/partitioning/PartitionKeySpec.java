package liquibase.ext.partition.engine.partitioning;

import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.stream.Collectors;
import liquibase.ext.partition.engine.sql.Identifier;
import liquibase.ext.partition.engine.sql.QualifiedName;
import liquibase.ext.partition.engine.time.Epoch;
import liquibase.ext.partition.engine.time.KeyTime;
import liquibase.ext.partition.engine.time.TextDate;
import liquibase.ext.partition.engine.time.TextDateFormat;
import liquibase.ext.partition.engine.time.TimeFormats;

/**
 * The partition key as people request it. Its effect depends on the columns' types; {@link PartitionKey} has the
 * result.
 *
 * @param columns at least one; the first that has a time decides the row's partition
 * @param textFormat how text columns write a date; ISO 8601 if it is not given
 * @param epoch the unit in which columns of numbers count since 1970
 * @param keyTime the kind of time-ordered key in the columns
 * @param combinedColumn a column of the new table for the time that decides
 */
public record PartitionKeySpec(
        List<Identifier> columns,
        Optional<String> textFormat,
        Optional<String> epoch,
        Optional<String> keyTime,
        Optional<Identifier> combinedColumn) {
    public PartitionKeySpec {
        columns = List.copyOf(columns);
    }

    /** A key of a single column of a date type. */
    public static PartitionKeySpec of(Identifier column) {
        return new PartitionKeySpec(
                List.of(column), Optional.empty(), Optional.empty(), Optional.empty(), Optional.empty());
    }

    /**
     * The notations of the columns' times.
     *
     * @param textDateFunction the function that reads dates in text
     * @throws IllegalArgumentException with a message for people, when one of the formats is unknown
     */
    public TimeFormats formats(QualifiedName textDateFunction) {
        // A text column is a date in ISO 8601 unless it is declared to be a key.
        boolean textIsKey = keyTime.isPresent() && textFormat.isEmpty();
        return new TimeFormats(
                textIsKey ? null : textDateFunction,
                epoch.map(Epoch.Unit::parse).orElse(null),
                keyTime.map(KeyTime::parse).orElse(null));
    }

    /**
     * How text columns write a date.
     *
     * @throws IllegalArgumentException with a message for people, when there is no such format
     */
    public TextDateFormat textDateFormat() {
        return TextDateFormat.parse(textFormat.orElse(TextDateFormat.ISO));
    }

    /**
     * A setting that applies to none of the columns. If it were ignored, every row would go to the default partition
     * when the setting was right and the column was wrong.
     *
     * @param setting its name, as people write it
     * @param why a sentence that says what was expected, what there is, and what to do
     */
    public record Unused(String setting, String why) {}

    /**
     * The settings that apply to none of the columns.
     *
     * @param types the types of all the columns, by their names in the catalog
     * @throws IllegalArgumentException with a message for people, when one of the formats is unknown
     */
    public List<Unused> unused(Map<Identifier, String> types) {
        String found = columns.stream()
                .map(column -> "%s is %s".formatted(column, types.get(column)))
                .collect(Collectors.joining(", "));
        List<Unused> unused = new ArrayList<>();
        if (textFormat.isPresent() && types.values().stream().noneMatch(TextDate.TYPES::contains)) {
            unused.add(new Unused(
                    "textFormat",
                    "textFormat says how a text writes a date, and no partition column is text: %s. Leave textFormat out, or name the column that is meant."
                            .formatted(found)));
        }
        if (epoch.isPresent() && types.values().stream().noneMatch(Epoch.TYPES::contains)) {
            unused.add(new Unused(
                    "epoch",
                    "epoch says what a number counts, and no partition column is a number: %s. Leave epoch out, name the column that is meant, or give the column a type of numbers."
                            .formatted(found)));
        }
        keyTime.map(KeyTime::parse)
                .filter(kind -> types.values().stream().noneMatch(kind::isKeptIn))
                .ifPresent(kind -> unused.add(new Unused(
                        "keyTime",
                        "keyTime %s, and no partition column is one: %s. Leave keyTime out, or name the column that is the key."
                                .formatted(kind.neededColumn(), found))));
        return unused;
    }

    /** The same key without the column that shows it. */
    public PartitionKeySpec withoutCombinedColumn() {
        return new PartitionKeySpec(columns, textFormat, epoch, keyTime, Optional.empty());
    }

    /** Whether the spec can only mean a column of a date type, so that nothing need be looked up to plan for it. */
    boolean isPlainColumn() {
        return columns.size() == 1
                && textFormat.isEmpty()
                && epoch.isEmpty()
                && keyTime.isEmpty()
                && combinedColumn.isEmpty();
    }
}
