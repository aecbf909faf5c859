package liquibase.ext.partition.engine.catalog;

import java.util.List;

/**
 * Something that stands in the way of partitioning a table.
 *
 * @param what it is, a phrase for people that goes on from the table's name: {@code "it has the rule quiet"}
 * @param remedy what to do about it, a phrase in the imperative, with the statement where one does
 */
public record Obstacle(Feature feature, String what, String remedy) {
    /** Both phrases. */
    public String sentence() {
        return remedy.isEmpty() ? what : what + "; " + remedy;
    }

    /** All of them, one a line, for a message. */
    public static String lines(List<Obstacle> obstacles) {
        return String.join("\n  ", obstacles.stream().map(Obstacle::sentence).toList());
    }
}
