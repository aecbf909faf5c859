package liquibase.ext.partition.engine.survey;

import java.util.List;
import liquibase.ext.partition.engine.catalog.Feature;

/**
 * What a table has of one kind.
 *
 * @param names of the things, or phrases for what has no name; at least one
 */
public record Belonging(Feature feature, List<String> names) {
    public Belonging {
        names = List.copyOf(names);
    }
}
