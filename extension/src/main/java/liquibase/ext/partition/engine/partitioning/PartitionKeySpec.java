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
 * The partition key as people ask for it. What it comes to depends on the columns' types; {@link PartitionKey} is the
 * answer.
 *
 * @param columns at least one; the first that has a time decides the row's partition
 * @param textFormat how those of them that are text write a date; ISO 8601 where it is not given
 * @param epoch what those of them that are numbers count since 1970
 * @param keyTime what kind of time-ordered key they are
 * @param combinedColumn a column that the new table gets, with the time that decides
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

    /** A single column of a type for dates. */
    public static PartitionKeySpec of(Identifier column) {
        return new PartitionKeySpec(
                List.of(column), Optional.empty(), Optional.empty(), Optional.empty(), Optional.empty());
    }

    /**
     * How the columns write the time.
     *
     * @param textDateFunction reads dates kept as text
     * @throws IllegalArgumentException with a message for people, when one of the formats is not known
     */
    public TimeFormats formats(QualifiedName textDateFunction) {
        // A text column is a date in ISO 8601 unless it is said to be a key.
        boolean textIsKey = keyTime.isPresent() && textFormat.isEmpty();
        return new TimeFormats(
                textIsKey ? null : textDateFunction,
                epoch.map(Epoch.Unit::parse).orElse(null),
                keyTime.map(KeyTime::parse).orElse(null));
    }

    /**
     * How columns of text write a date.
     *
     * @throws IllegalArgumentException with a message for people, when there is no such format
     */
    public TextDateFormat textDateFormat() {
        return TextDateFormat.parse(textFormat.orElse(TextDateFormat.ISO));
    }

    /**
     * A setting that no column has a use for. To ignore it would put every row into the default partition where the
     * wish behind it was right and the column was not.
     *
     * @param setting its name, as people write it
     * @param why a sentence that says what was expected, what there is, and what to do
     */
    public record Unused(String setting, String why) {}

    /**
     * Those of the settings that none of the columns has a use for.
     *
     * @param types the types of all the columns, by their names in the catalog
     * @throws IllegalArgumentException with a message for people, when one of the formats is not known
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

    /** Whether a type for dates is all that this can mean, so that nothing need be looked up to plan for it. */
    boolean isPlainColumn() {
        return columns.size() == 1
                && textFormat.isEmpty()
                && epoch.isEmpty()
                && keyTime.isEmpty()
                && combinedColumn.isEmpty();
    }
}
