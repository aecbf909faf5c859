package liquibase.ext.partition.generator.config;

import java.util.Collection;
import java.util.Collections;
import java.util.Optional;

/** What the ids of a table's changesets, and its tags, begin with. */
final class ChangesetPrefix {
    private ChangesetPrefix() {}

    /**
     * The table's name; {@code schema_table} where another table of the config has the same name.
     *
     * @param names the names of all tables of the config, this one's included
     */
    static String of(Optional<String> schema, String table, Collection<String> names) {
        boolean alone = Collections.frequency(names, table) < 2;
        return alone ? table : schema.map(it -> it + "_" + table).orElse(table);
    }
}
