package liquibase.ext.partition.generator.inspect;

import java.util.Comparator;
import java.util.List;
import java.util.Locale;
import java.util.regex.Pattern;
import liquibase.ext.partition.engine.catalog.Column;
import liquibase.ext.partition.engine.catalog.Table;
import liquibase.ext.partition.engine.sql.Identifier;
import liquibase.ext.partition.engine.time.DateTime;

/** The columns of a table that can decide a row's partition, the likeliest first. */
final class PartitionColumns {
    /** Names for when a row came to be: the time does not change, and people query by it. */
    private static final Pattern BEGINNING =
            Pattern.compile("creat|insert|occur|order|event|record|logged|received|^(timestamp|ts|date|day|time)$");

    /** Names for times that change while the row lives, so that rows would move between partitions. */
    private static final Pattern CHANGING =
            Pattern.compile("updat|modif|chang|delet|edit|expir|last|until|end|valid|seen|touch|refresh|sync");

    private static final int OF_CREATION = 0;
    private static final int OF_CHANGE = 3;

    private PartitionColumns() {}

    /** Columns of a type that we can partition by, whether or not they may be NULL. */
    static List<Column> ofDateType(Table table) {
        return table.columns().stream()
                .filter(column -> DateTime.TYPES.contains(column.typeName()))
                .toList();
    }

    /**
     * Columns of a date type that can be in the partition key. Generated columns cannot, because PostgreSQL refuses
     * them.
     */
    static List<TimeColumn> candidates(Table table, List<Identifier> key) {
        return ofDateType(table).stream()
                .filter(column -> !column.generated())
                .sorted(Comparator.comparing((Column column) -> !key.contains(column.name()))
                        .thenComparing(column -> doubt(column.name())))
                .map(column -> new TimeColumn(column, TimeNotation.DATE_TYPE))
                .toList();
    }

    /**
     * How strongly a name speaks against a column: the lower, the likelier the column says when the row came to be and
     * stays as it is.
     */
    static int doubt(Identifier column) {
        String name = column.name().toLowerCase(Locale.ROOT);
        if (name.contains("creat")) {
            return OF_CREATION;
        }
        if (CHANGING.matcher(name).find()) {
            return OF_CHANGE;
        }
        return BEGINNING.matcher(name).find() ? 1 : 2;
    }

    /** Whether the column's name says that it changes while the row lives. */
    static boolean changes(Identifier column) {
        return doubt(column) == OF_CHANGE;
    }

    /** Whether the column's name says that it records when the row came to be. */
    static boolean isOfCreation(Identifier column) {
        return doubt(column) == OF_CREATION;
    }
}
