package liquibase.ext.partition.testing;

import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.SplittableRandom;
import java.util.function.BiConsumer;

/**
 * The rows that belong to one {@link Writer}, as last committed: from key to image, with a fair random pick. A key
 * consists of the values of its columns.
 */
final class OwnedRows {

    private record Row(int position, String image) {}

    private final Map<List<String>, Row> rows = new HashMap<>();
    private final List<List<String>> keys = new ArrayList<>();

    void put(List<String> key, String image) {
        Row row = rows.get(key);
        if (row == null) {
            rows.put(key, new Row(keys.size(), image));
            keys.add(key);
        } else {
            rows.put(key, new Row(row.position(), image));
        }
    }

    void remove(List<String> key) {
        Row removed = rows.remove(key);
        if (removed == null) {
            return;
        }
        List<String> last = keys.remove(keys.size() - 1);
        if (!last.equals(key)) {
            keys.set(removed.position(), last);
            rows.put(last, new Row(removed.position(), rows.get(last).image()));
        }
    }

    /** Null when the writer has no such row. */
    String image(List<String> key) {
        Row row = rows.get(key);
        return row == null ? null : row.image();
    }

    /** Null when there are no rows. */
    List<String> anyKey(SplittableRandom random) {
        return keys.isEmpty() ? null : keys.get(random.nextInt(keys.size()));
    }

    int size() {
        return rows.size();
    }

    void forEach(BiConsumer<List<String>, String> action) {
        rows.forEach((key, row) -> action.accept(key, row.image()));
    }
}
