package liquibase.ext.partition.engine.catalog;

import java.sql.ResultSet;
import java.sql.SQLException;
import java.util.List;

/**
 * Something that stands in the way of partitioning a table.
 *
 * @param feature the kind of thing that stands in the way; null if it belongs to none: a name, a right, a setting
 * @param what a phrase for people that follows the table's name: {@code "it has the rule quiet"}
 * @param remedy the remedy, as a phrase in the imperative, with the statement if one is enough
 */
public record Obstacle(Feature feature, String what, String remedy) {
    /** Makes an obstacle from a sentence whose part after the first semicolon is the remedy. */
    public static Obstacle of(Feature feature, String sentence) {
        int end = sentence.indexOf("; ");
        return end < 0
                ? new Obstacle(feature, sentence, "")
                : new Obstacle(feature, sentence.substring(0, end), sentence.substring(end + 2));
    }

    /** Reads a row of a question with the columns {@code feature}, {@code what} and {@code remedy}. */
    public static Obstacle read(ResultSet row) throws SQLException {
        return new Obstacle(Feature.valueOf(row.getString("feature")), row.getString("what"), row.getString("remedy"));
    }

    /** Both phrases as one sentence. */
    public String sentence() {
        return remedy.isEmpty() ? what : what + "; " + remedy;
    }

    /** All obstacles, one per line, for a message. */
    public static String lines(List<Obstacle> obstacles) {
        return String.join("\n  ", obstacles.stream().map(Obstacle::sentence).toList());
    }
}
