package liquibase.ext.partition.testing;

import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.util.ArrayList;
import java.util.List;
import java.util.function.BiConsumer;
import java.util.stream.Collectors;

/**
 * A table as {@link Writer}s see it: by its name alone, which may come to mean another table while they write. Holds the
 * columns read once from the catalog, and the statements made of them.
 *
 * <p>Every statement gives back the row's <em>image</em>, all columns as the server stored them, so that what defaults,
 * triggers and sequences put into a row is part of what is expected later.
 */
record WrittenTable(String name, Column key, Column date, List<Column> columns) {

    /** @param type as {@code format_type} writes it, with its length or precision */
    record Column(String name, String type, boolean notNull, boolean givenByServer, boolean writable) {

        String parameter() {
            return "CAST(? AS " + type + ")";
        }
    }

    static WrittenTable read(Connection connection, String table, String keyColumn, String dateColumn)
            throws SQLException {
        List<Column> columns = new ArrayList<>();
        Column key = null;
        Column date = null;
        try (PreparedStatement statement = connection.prepareStatement("""
                SELECT attname, quote_ident(attname), format_type(atttypid, atttypmod), attnotnull,
                       atthasdef AND attgenerated = '' OR attidentity <> '',
                       attgenerated = '' AND attidentity <> 'a'
                FROM pg_attribute
                WHERE attrelid = CAST(? AS regclass) AND attnum > 0 AND NOT attisdropped
                ORDER BY attnum
                """)) {
            statement.setString(1, table);
            try (ResultSet rows = statement.executeQuery()) {
                while (rows.next()) {
                    Column column = new Column(
                            rows.getString(2),
                            rows.getString(3),
                            rows.getBoolean(4),
                            rows.getBoolean(5),
                            rows.getBoolean(6));
                    columns.add(column);
                    key = rows.getString(1).equals(keyColumn) ? column : key;
                    date = rows.getString(1).equals(dateColumn) ? column : date;
                }
            }
        }
        if (key == null || date == null) {
            throw new IllegalArgumentException(
                    "%s has no column %s".formatted(table, key == null ? keyColumn : dateColumn));
        }
        return new WrittenTable(table, key, date, List.copyOf(columns));
    }

    /** The columns an insert or update gives a random value, besides the key and the date. */
    List<Column> payload() {
        return columns.stream()
                .filter(column -> column.writable() && !column.equals(key) && !column.equals(date))
                .toList();
    }

    /** The parameters are {@link #inserted()}; gives the key and the image. */
    String insert() {
        return "INSERT INTO %s (%s) VALUES (%s) RETURNING %s"
                .formatted(
                        name,
                        inserted().stream().map(Column::name).collect(Collectors.joining(", ")),
                        inserted().stream().map(Column::parameter).collect(Collectors.joining(", ")),
                        keyAndImage());
    }

    List<Column> inserted() {
        List<Column> inserted = new ArrayList<>();
        if (!key.givenByServer()) {
            inserted.add(key);
        }
        inserted.add(date);
        inserted.addAll(payload());
        return inserted;
    }

    /** The parameters are the new value and the key; gives the key and the image as they are after the update. */
    String update(Column column) {
        return "UPDATE %s SET %s = %s WHERE %s RETURNING %s"
                .formatted(name, column.name(), column.parameter(), hasKey(), keyAndImage());
    }

    /** The parameter is the key; gives the key and the image as they were. */
    String delete() {
        return "DELETE FROM %s WHERE %s RETURNING %s".formatted(name, hasKey(), keyAndImage());
    }

    /** The parameter is the key; gives the key and the image. */
    String select() {
        return "SELECT %s FROM %s WHERE %s".formatted(keyAndImage(), name, hasKey());
    }

    /** Hands every row's key and image to {@code action}, in one snapshot. */
    void forEachRow(Connection connection, BiConsumer<String, String> action) throws SQLException {
        connection.setAutoCommit(false); // the driver holds the whole result in memory otherwise
        try (Statement statement = connection.createStatement()) {
            statement.execute("SET LOCAL TimeZone = 'UTC'");
            statement.setFetchSize(10_000);
            try (ResultSet rows = statement.executeQuery("SELECT %s FROM %s".formatted(keyAndImage(), name))) {
                while (rows.next()) {
                    action.accept(rows.getString(1), rows.getString(2));
                }
            }
        }
        connection.commit();
    }

    private String hasKey() {
        return key.name() + " = " + key.parameter();
    }

    private String keyAndImage() {
        return "CAST(%s AS text), CAST(ROW(%s) AS text)"
                .formatted(key.name(), columns.stream().map(Column::name).collect(Collectors.joining(", ")));
    }
}
