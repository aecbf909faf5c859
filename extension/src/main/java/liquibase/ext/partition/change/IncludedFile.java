package liquibase.ext.partition.change;

import liquibase.changelog.ChangeSet;
import liquibase.changelog.DatabaseChangeLog;

/**
 * A file of a generated changelog, as another changelog includes it. A folder of them has a root that includes the others, so that
 * {@code includeAll} over it includes each of these twice. Liquibase counts that as duplicate identifiers, and does not say how they
 * came about.
 *
 * @param path of the file, as it is read
 */
record IncludedFile(String path) {
    static IncludedFile of(ChangeSet changeSet) {
        return new IncludedFile(changeSet.getChangeLog().getPhysicalFilePath());
    }

    /** Whether the whole changelog has the changeset twice; false where that is not known. Told by the first of them. */
    static boolean isIncludedTwice(ChangeSet changeSet) {
        if (changeSet == null || changeSet.getChangeLog() == null) {
            return false;
        }
        DatabaseChangeLog root = changeSet.getChangeLog().getRootChangeLog();
        return root != null
                && root.getChangeSets().stream()
                                .filter(it -> it.toString(false).equals(changeSet.toString(false)))
                                .count()
                        > 1
                && root.getChangeSets().stream()
                                .filter(it -> it.toString(false).equals(changeSet.toString(false)))
                                .findFirst()
                                .orElseThrow()
                        == changeSet;
    }

    /** What happened and what to do, for people. */
    String problem() {
        String name = path.substring(path.lastIndexOf('/') + 1);
        String root = path.substring(0, path.length() - name.length()) + "changelog"
                + (name.lastIndexOf('.') < 0 ? "" : name.substring(name.lastIndexOf('.')));
        return "%s is included twice. Where includeAll is over its folder, the root there includes it once more: give includeAll endsWithFilter=\"/%s\", or include %s alone."
                .formatted(path, root.substring(root.lastIndexOf('/') + 1), root);
    }
}
