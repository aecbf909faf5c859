package liquibase.ext.partition.engine.state;

import java.util.ArrayList;
import java.util.List;
import java.util.Locale;

/**
 * The rows of the default partition, by what put them there.
 *
 * @param nulls every column of the partition key is NULL
 * @param unreadable a column has a value, but it is no date
 * @param infinite the date is {@code infinity} or {@code -infinity}
 * @param before the date is before the first partition
 * @param after the date is after the last one
 */
public record DefaultRows(long nulls, long unreadable, long infinite, long before, long after) {
    public static DefaultRows none() {
        return new DefaultRows(0, 0, 0, 0, 0);
    }

    public DefaultRows plus(DefaultRows other) {
        return new DefaultRows(
                nulls + other.nulls,
                unreadable + other.unreadable,
                infinite + other.infinite,
                before + other.before,
                after + other.after);
    }

    public long total() {
        return nulls + unreadable + infinite + before + after;
    }

    /** {@code 7 rows (2 NULL, 5 before 2024-01)}, for people. */
    public String describe(String from, String until) {
        List<String> causes = new ArrayList<>();
        add(causes, nulls, "NULL");
        add(causes, unreadable, "not a date");
        add(causes, infinite, "infinite");
        add(causes, before, "before " + from);
        add(causes, after, "from " + until + " on");
        String rows = String.format(Locale.ROOT, total() == 1 ? "%,d row" : "%,d rows", total());
        return causes.isEmpty() ? rows : rows + " (" + String.join(", ", causes) + ")";
    }

    private static void add(List<String> causes, long rows, String cause) {
        if (rows > 0) {
            causes.add(String.format(Locale.ROOT, "%,d %s", rows, cause));
        }
    }
}
