package liquibase.ext.partition.engine.verify;

import java.util.ArrayList;
import java.util.List;

/**
 * What a comparison found.
 *
 * @param rows of the table read first that were compared
 * @param differences rows that are missing, too many, or not the same
 * @param keys of the first {@value #LISTED_KEYS} of these, each with what is wrong
 */
public record ComparisonResult(long rows, long differences, List<String> keys) {
    public static final int LISTED_KEYS = 100;

    public ComparisonResult {
        keys = List.copyOf(keys.subList(0, Math.min(keys.size(), LISTED_KEYS)));
    }

    static ComparisonResult none() {
        return new ComparisonResult(0, 0, List.of());
    }

    ComparisonResult plus(ComparisonResult other) {
        List<String> both = new ArrayList<>(keys);
        both.addAll(other.keys);
        return new ComparisonResult(rows + other.rows, differences + other.differences, both);
    }

    /** The listed keys on lines of their own, for a message. */
    public String list() {
        String listed = "\n  " + String.join("\n  ", keys);
        return differences > keys.size() ? listed + "\n  … and " + (differences - keys.size()) + " more" : listed;
    }
}
