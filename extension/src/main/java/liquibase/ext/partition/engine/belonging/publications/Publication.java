package liquibase.ext.partition.engine.belonging.publications;

import java.util.List;
import java.util.Optional;
import liquibase.ext.partition.engine.sql.Identifier;
import liquibase.ext.partition.engine.sql.QualifiedName;

/**
 * A publication that publishes a table by its name.
 *
 * @param owner who alone can change it
 * @param columns the list of published columns; all of them where it is empty
 * @param filter the condition on published rows, all names qualified
 * @param viaRoot {@code publish_via_partition_root}: whether changes of partitions are published under the table's name
 * @param needsIdentity whether it publishes updates or deletes, which need the replica identity's columns
 */
public record Publication(
        Identifier name,
        Identifier owner,
        boolean ownedByUs,
        List<Identifier> columns,
        Optional<String> filter,
        boolean viaRoot,
        boolean needsIdentity) {
    public Publication {
        columns = List.copyOf(columns);
    }

    /** What subscribers of it notice once the table is partitioned, a sentence; empty where they notice nothing. */
    public Optional<String> consequence(QualifiedName table) {
        return viaRoot
                ? Optional.empty()
                : Optional.of(
                        "Publication %s publishes changes of %s under the names of its partitions, which its subscribers must have, since publish_via_partition_root is false; %s where they should go on under the table's own name."
                                .formatted(name, table, publishViaRoot()));
    }

    /** What to run so that subscribers go on getting the changes under the table's name. */
    public String publishViaRoot() {
        return "ALTER PUBLICATION %s SET (publish_via_partition_root = true)".formatted(name.quoted());
    }

    /** What to run so that it does not publish {@code table} any more. */
    public String dropTable(QualifiedName table) {
        return "ALTER PUBLICATION %s DROP TABLE %s".formatted(name.quoted(), table.quoted());
    }
}
