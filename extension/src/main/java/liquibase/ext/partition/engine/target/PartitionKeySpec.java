package liquibase.ext.partition.engine.target;

import java.util.List;
import java.util.Optional;
import liquibase.ext.partition.engine.sql.Identifier;
import liquibase.ext.partition.engine.sql.QualifiedName;
import liquibase.ext.partition.engine.time.Epoch;
import liquibase.ext.partition.engine.time.KeyTime;
import liquibase.ext.partition.engine.time.TextDateFormat;
import liquibase.ext.partition.engine.time.TimeFormats;

/**
 * The partition key as people ask for it. What it comes to depends on the columns' types; {@link PartitionKey} is the answer.
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
