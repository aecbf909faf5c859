package liquibase.ext.partition.change;

import java.util.stream.Stream;
import liquibase.changelog.ChangeSet;

/** The other changes of a changelog, for a change that goes by what they say. */
final class TableChanges {
    private TableChanges() {}

    /**
     * The changes of a type in the file that {@code changeSet} is from.
     *
     * @param changeSet null, or one without a changelog, gives none
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
