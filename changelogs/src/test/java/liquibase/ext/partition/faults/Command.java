package liquibase.ext.partition.faults;

import java.util.List;
import java.util.Locale;

/** What an operator runs. {@code %s} is the table's name. */
enum Command {
    /** One changeset, whichever is next. */
    UPDATE_ONE("update-count", "--count=1", "-DswapApproved=%s"),
    /** As every deployment does; the swap waits. */
    UPDATE("update"),
    UPDATE_AND_SWAP("update", "-DswapApproved=%s"),
    UPDATE_AND_DROP("update", "-DswapApproved=%s", "-DdropApproved=%s"),
    ROLLBACK_SWAP("rollback", "--tag=%s-copied"),
    ROLLBACK_ALL("rollback", "--tag=%s-before"),
    RELEASE_LOCKS("release-locks");

    private final List<String> words;

    Command(String... words) {
        this.words = List.of(words);
    }

    List<String> words(String table) {
        return words.stream().map(word -> word.formatted(table)).toList();
    }

    @Override
    public String toString() {
        return name().toLowerCase(Locale.ROOT).replace('_', ' ');
    }
}
