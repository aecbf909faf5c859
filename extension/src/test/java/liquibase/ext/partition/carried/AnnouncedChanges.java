package liquibase.ext.partition.carried;

import java.util.ArrayList;
import java.util.List;
import liquibase.ext.partition.engine.catalog.Feature;

/** The differences between a table and its successor that are told before they are made, as {@link CatalogDescription} puts them. */
final class AnnouncedChanges {
    private AnnouncedChanges() {}

    /** PostgreSQL wants the partition key in whatever is unique. */
    static List<String> of(CatalogDescription before, String partitionColumn) {
        List<String> removed = new ArrayList<>();
        List<String> added = new ArrayList<>();
        for (String line : before.of(Feature.INDEXES)) {
            String becomes = line.contains(" UNIQUE USING ") ? withColumn(line, partitionColumn) : line;
            if (!becomes.equals(line)) {
                removed.add("- INDEXES: " + line);
                added.add("+ INDEXES: " + becomes);
            }
        }
        removed.addAll(added);
        return removed;
    }

    /** The index's columns, and those of the constraint where it is one's. */
    private static String withColumn(String line, String column) {
        int index = first(line, 0, " USING ");
        int constraint = first(line, index, " CONSTRAINT ");
        if (constraint < 0) {
            constraint = line.length();
        }
        return line.substring(0, index)
                + completed(line.substring(index, constraint), column)
                + completed(line.substring(constraint), column);
    }

    /** With the column at the end of the first list, unless it is in it. */
    private static String completed(String definition, String column) {
        int open = first(definition, 0, "(");
        if (open < 0) {
            return definition;
        }
        int close = first(definition, open + 1, ")");
        for (int begin = open + 1, end; begin < close; begin = end + 1) {
            int comma = first(definition, begin, ",");
            end = comma < 0 || comma > close ? close : comma;
            String item = definition.substring(begin, end).strip();
            if (item.equals(column) || item.startsWith(column + " ")) {
                return definition;
            }
        }
        return definition.substring(0, close) + ", " + column + definition.substring(close);
    }

    /** Where that stands first, neither in quotes nor in parentheses that open after {@code from}; -1 where it does not. */
    private static int first(String text, int from, String sought) {
        char quote = 0;
        int depth = 0;
        for (int i = from; i < text.length(); i++) {
            char c = text.charAt(i);
            if (quote != 0) {
                quote = c == quote ? 0 : quote;
            } else if (depth == 0 && text.startsWith(sought, i)) {
                return i;
            } else if (c == '"' || c == '\'') {
                quote = c;
            } else if (c == '(') {
                depth++;
            } else if (c == ')') {
                depth--;
            }
        }
        return -1;
    }
}
