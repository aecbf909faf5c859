package liquibase.ext.partition.engine.belonging.publications;

import java.util.List;
import java.util.Optional;
import liquibase.ext.partition.engine.sql.Identifier;
import liquibase.ext.partition.engine.sql.QualifiedName;

/**
 * A publication that publishes a table by its name.
 *
 * @param owner the role that alone can change it
 * @param columns the published columns; empty for all of them
 * @param filter the condition on published rows, with all names qualified
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

    /** The change that subscribers notice once the table is partitioned, as a sentence; empty if there is none. */
    public Optional<String> consequence(QualifiedName table) {
        return viaRoot
                ? Optional.empty()
                : Optional.of(
                        "Publication %s publishes changes of %s under the names of its partitions, which its subscribers must have, since publish_via_partition_root is false; %s where they should go on under the table's own name."
                                .formatted(name, table, publishViaRoot()));
    }

    /** The statement that keeps publishing the changes to subscribers under the table's name. */
    public String publishViaRoot() {
        return "ALTER PUBLICATION %s SET (publish_via_partition_root = true)".formatted(name.quoted());
    }

    /** The statement that makes it stop publishing {@code table}. */
    public String dropTable(QualifiedName table) {
        return "ALTER PUBLICATION %s DROP TABLE %s".formatted(name.quoted(), table.quoted());
    }
}
