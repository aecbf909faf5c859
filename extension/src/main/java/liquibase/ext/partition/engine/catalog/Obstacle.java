package liquibase.ext.partition.engine.catalog;

import java.sql.ResultSet;
import java.sql.SQLException;
import java.util.List;

/**
 * Something that stands in the way of partitioning a table.
 *
 * @param feature what of the table it is about; null where it is none of its things: a name, a right, a setting
 * @param what it is, a phrase for people that goes on from the table's name: {@code "it has the rule quiet"}
 * @param remedy what to do about it, a phrase in the imperative, with the statement where one does
 */
public record Obstacle(Feature feature, String what, String remedy) {
    /** A sentence of which the part after the first semicolon is the remedy. */
    public static Obstacle of(Feature feature, String sentence) {
        int end = sentence.indexOf("; ");
        return end < 0
                ? new Obstacle(feature, sentence, "")
                : new Obstacle(feature, sentence.substring(0, end), sentence.substring(end + 2));
    }

    /** The row of a question of which the columns are {@code feature}, {@code what} and {@code remedy}. */
    public static Obstacle read(ResultSet row) throws SQLException {
        return new Obstacle(Feature.valueOf(row.getString("feature")), row.getString("what"), row.getString("remedy"));
    }

    /** Both phrases. */
    public String sentence() {
        return remedy.isEmpty() ? what : what + "; " + remedy;
    }

    /** All of them, one a line, for a message. */
    public static String lines(List<Obstacle> obstacles) {
        return String.join("\n  ", obstacles.stream().map(Obstacle::sentence).toList());
    }
}
