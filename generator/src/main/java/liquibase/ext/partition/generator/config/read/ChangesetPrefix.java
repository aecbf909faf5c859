package liquibase.ext.partition.generator.config.read;

import java.util.Collection;

/** The beginning of the ids of a table's changesets and of its tags. */
final class ChangesetPrefix {
    private ChangesetPrefix() {}

    /**
     * The table's name; {@code schema_table} if a table before it in the config has the same name. So adding a table at
     * the end does not change existing ids, whose changesets Liquibase would run again.
     *
     * @param entry the table, which has a name
     * @param before the names of the tables before it
     */
    static String of(TableEntry entry, Collection<String> before) {
        String table = entry.text(TableEntry.TABLE_NAME).orElseThrow();
        return before.contains(table)
                ? entry.text(TableEntry.SCHEMA_NAME).map(it -> it + "_" + table).orElse(table)
                : table;
    }
}
