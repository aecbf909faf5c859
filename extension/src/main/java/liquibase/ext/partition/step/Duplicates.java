package liquibase.ext.partition.step;

import java.util.List;
import java.util.Optional;
import liquibase.changelog.ChangeSet;
import liquibase.changelog.DatabaseChangeLog;

/**
 * Finds changesets that a changelog contains more than once, because it includes one file twice, or two files with the
 * same changesets. Liquibase says only how many there are, and not where.
 */
public final class Duplicates {
    private Duplicates() {}

    /**
     * A message that the changeset occurs more than once, where, and what to do about it.
     *
     * @param changeSet may be null, or belong to a changelog that is not known as a whole; then there is no problem
     * @return empty unless {@code changeSet} is the first of several with its identity
     */
    public static Optional<String> problem(ChangeSet changeSet) {
        if (changeSet == null || changeSet.getChangeLog() == null) {
            return Optional.empty();
        }
        DatabaseChangeLog root = changeSet.getChangeLog().getRootChangeLog();
        if (root == null) {
            return Optional.empty();
        }
        List<ChangeSet> same = root.getChangeSets().stream()
                .filter(it -> it.toString(false).equals(changeSet.toString(false)))
                .toList();
        if (same.size() < 2 || same.get(0) != changeSet) {
            return Optional.empty();
        }
        List<String> files = same.stream()
                .map(it -> it.getChangeLog().getPhysicalFilePath())
                .distinct()
                .toList();
        return Optional.of(
                files.size() == 1
                        ? "%s is included more than once. Include it by itself, or let includeAll do it, and not both."
                                .formatted(files.get(0))
                        : "%s have the same changesets. Delete, or do not include, all of them but one: that which generate writes."
                                .formatted(String.join(" and ", files)));
    }
}
