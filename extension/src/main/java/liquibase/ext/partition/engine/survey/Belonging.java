package liquibase.ext.partition.engine.survey;

import java.util.List;
import liquibase.ext.partition.engine.catalog.Feature;

/**
 * The things of one kind that a table has.
 *
 * @param names the names of the things, or phrases for things that have no name; at least one
 */
public record Belonging(Feature feature, List<String> names) {
    public Belonging {
        names = List.copyOf(names);
    }
}
