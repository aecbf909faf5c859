package liquibase.ext.partition.generator.config.document;

import java.util.ArrayList;
import java.util.List;
import java.util.regex.Pattern;

/**
 * A place in the config: {@code tables[0].partitionBy.from}.
 *
 * @param elements a {@code String} for each key and an {@code Integer} for each index in a list, from the top
 */
public record KeyPath(List<Object> elements) {
    public static final KeyPath ROOT = new KeyPath(List.of());

    private static final Pattern PLAIN = Pattern.compile("[A-Za-z_][A-Za-z0-9_-]*");

    public KeyPath {
        elements = List.copyOf(elements);
    }

    public KeyPath child(String key) {
        return append(key);
    }

    public KeyPath child(int index) {
        return append(index);
    }

    private KeyPath append(Object element) {
        List<Object> longer = new ArrayList<>(elements);
        longer.add(element);
        return new KeyPath(longer);
    }

    boolean isRoot() {
        return elements.isEmpty();
    }

    /** Whether this is an item of a list. */
    public boolean isItem() {
        return !isRoot() && elements.get(elements.size() - 1) instanceof Integer;
    }

    /** The path without its last element; the root's is the root. */
    public KeyPath parent() {
        return isRoot() ? this : new KeyPath(elements.subList(0, elements.size() - 1));
    }

    /** The nearest key: {@code keyColumns} for {@code tables[0].keyColumns[1]}; empty at the root. */
    public String lastKey() {
        for (int i = elements.size() - 1; i >= 0; i--) {
            if (elements.get(i) instanceof String key) {
                return key;
            }
        }
        return "";
    }

    /** The path as people write it; keys that would be misread are in quotes. Empty for the root. */
    @Override
    public String toString() {
        StringBuilder text = new StringBuilder();
        for (Object element : elements) {
            if (element instanceof Integer index) {
                text.append('[').append(index).append(']');
            } else {
                String key = (String) element;
                text.append(text.isEmpty() ? "" : ".").append(PLAIN.matcher(key).matches() ? key : Quoted.of(key));
            }
        }
        return text.toString();
    }
}
