package liquibase.ext.partition.engine.time;

import liquibase.ext.partition.engine.sql.Identifier;
import liquibase.ext.partition.engine.sql.QualifiedName;

/**
 * The config's settings for columns whose type alone does not determine the time. Several columns may have several
 * types, so more than one can be set.
 *
 * @param textFunction the function that {@link TextDateFormat} made, or null
 * @param epoch the unit of columns of numbers, or null
 * @param keyTime the kind of the key, or null
 */
public record TimeFormats(QualifiedName textFunction, Epoch.Unit epoch, KeyTime keyTime) {
    /** No settings: for date columns only. */
    public static final TimeFormats NONE = new TimeFormats(null, null, null);

    /**
     * The way in which {@code column} records the time.
     *
     * @param typeName the name of the column's type in the catalog ({@code typname})
     * @throws IllegalArgumentException with a message for people, when that type needs another setting, or cannot be
     *     used
     */
    public TimeEncoding of(Identifier column, String typeName) {
        if (DateTime.TYPES.contains(typeName)) {
            return new DateTime(typeName);
        }
        boolean number = Epoch.TYPES.contains(typeName);
        boolean text = TextDate.TYPES.contains(typeName);
        boolean otherwiseRead = number && epoch != null || text && textFunction != null;
        boolean key = keyTime != null && keyTime.isKeptIn(typeName);
        if (key && otherwiseRead) {
            throw new IllegalArgumentException("Column %s is %s, for which both keyTime and %s are set; leave one out."
                    .formatted(column, typeName, number ? "epoch" : "textFormat"));
        }
        if (key) {
            return keyTime.in(typeName);
        }
        if (keyTime != null && !otherwiseRead) {
            throw new IllegalArgumentException(
                    "keyTime %s; column %s is %s.".formatted(keyTime.neededColumn(), column, typeName));
        }
        if (number) {
            if (epoch == null) {
                throw new IllegalArgumentException(
                        "Column %s is a number (%s); say what it is: epoch: seconds, epoch: milliseconds, or keyTime: snowflake."
                                .formatted(column, typeName));
            }
            return new Epoch(epoch, typeName);
        }
        if (text) {
            if (textFunction == null) {
                throw new IllegalArgumentException(
                        "Column %s is text (%s); say what it is: textFormat (iso, or a pattern as MM/DD/YYYY), or keyTime: ulid."
                                .formatted(column, typeName));
            }
            return new TextDate(textFunction);
        }
        throw new IllegalArgumentException(
                typeName.equals("uuid")
                        ? "Column %s is a uuid; say keyTime: uuidv7 or keyTime: ulid, if it is one. UUIDs made at random have no time."
                                .formatted(column)
                        : "Column %s has type %s, from which no time can be read. It can be a date, timestamp or timestamptz; text with textFormat; a number with epoch; a key with keyTime."
                                .formatted(column, typeName));
    }
}
