package liquibase.ext.partition.faults;

import java.util.List;
import java.util.Locale;

/** An operator's command. {@code %s} is the table's name. */
enum Command {
    /** One changeset, whichever is next. */
    UPDATE_ONE(1, "update-count", "--count=1", "-DswapApproved=%s"),
    /** The command of every deployment; the swap waits. */
    UPDATE(4, "update"),
    UPDATE_AND_SWAP(4, "update", "-DswapApproved=%s"),
    UPDATE_AND_DROP(1, "update", "-DswapApproved=%s", "-DdropApproved=%s"),
    ROLLBACK_SWAP(2, "rollback", "--tag=%s-before-swap"),
    ROLLBACK_ALL(4, "rollback", "--tag=%s-before"),
    RELEASE_LOCKS(1, "release-locks");

    private final int changesets;
    private final List<String> words;

    Command(int changesets, String... words) {
        this.changesets = changesets;
        this.words = List.of(words);
    }

    /** About how many changesets it works on, as far as it is worth striking them. */
    int changesets() {
        return changesets;
    }

    List<String> words(String table) {
        return words.stream().map(word -> word.formatted(table)).toList();
    }

    @Override
    public String toString() {
        return name().toLowerCase(Locale.ROOT).replace('_', ' ');
    }
}
