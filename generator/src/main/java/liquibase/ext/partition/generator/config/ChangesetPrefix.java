package liquibase.ext.partition.generator.config;

import java.util.Collection;
import java.util.Optional;

/** What the ids of a table's changesets, and its tags, begin with. */
final class ChangesetPrefix {
    private ChangesetPrefix() {}

    /**
     * The table's name; {@code schema_table} where a table before it in the config has the same name. So a table that
     * is added at the end changes no id of those that there are: Liquibase would run their changesets again.
     *
     * @param before the names of the tables before it
     */
    static String of(Optional<String> schema, String table, Collection<String> before) {
        return before.contains(table) ? schema.map(it -> it + "_" + table).orElse(table) : table;
    }
}
