package liquibase.ext.partition.change;

import java.util.List;
import liquibase.changelog.ChangeSet;
import liquibase.changelog.DatabaseChangeLog;

/**
 * A file of a generated changelog, as another changelog includes it. The generated root includes the other files of its folder, so
 * {@code includeAll} over the folder includes each of them twice. Liquibase reports duplicate identifiers then, and not why.
 *
 * @param path of the file, as it is read
 */
record IncludedFile(String path) {
    static IncludedFile of(ChangeSet changeSet) {
        return new IncludedFile(changeSet.getChangeLog().getPhysicalFilePath());
    }

    /** Whether {@code changeSet} is the first of several with its identifier; false where the whole changelog is not known. */
    static boolean isIncludedTwice(ChangeSet changeSet) {
        if (changeSet == null || changeSet.getChangeLog() == null) {
            return false;
        }
        DatabaseChangeLog root = changeSet.getChangeLog().getRootChangeLog();
        if (root == null) {
            return false;
        }
        List<ChangeSet> same = root.getChangeSets().stream()
                .filter(it -> it.toString(false).equals(changeSet.toString(false)))
                .toList();
        return same.size() > 1 && same.get(0) == changeSet;
    }

    /** The message says what happened and what to do. */
    String problem() {
        String name = path.substring(path.lastIndexOf('/') + 1);
        String root = path.substring(0, path.length() - name.length()) + "changelog"
                + (name.lastIndexOf('.') < 0 ? "" : name.substring(name.lastIndexOf('.')));
        return "%s is included twice. Where includeAll is over its folder, the root there includes it once more: give includeAll endsWithFilter=\"/%s\", or include %s alone."
                .formatted(path, root.substring(root.lastIndexOf('/') + 1), root);
    }
}
