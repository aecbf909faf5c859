package liquibase.ext.partition.change;

import java.util.stream.Stream;
import liquibase.changelog.ChangeSet;

/** The other changes of a changelog, for a change that depends on their attributes. */
final class TableChanges {
    private TableChanges() {}

    /**
     * The changes of a type in the file that contains {@code changeSet}.
     *
     * @param changeSet null, or a changeset without a changelog, gives none
     */
    static <T extends PartitionChange> Stream<T> of(ChangeSet changeSet, Class<T> type) {
        if (changeSet == null || changeSet.getChangeLog() == null) {
            return Stream.empty();
        }
        return changeSet.getChangeLog().getChangeSets().stream()
                .flatMap(other -> other.getChanges().stream())
                .filter(type::isInstance)
                .map(type::cast);
    }
}
