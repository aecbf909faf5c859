package liquibase.ext.partition.testing;

import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.function.BiConsumer;
import java.util.stream.Collectors;

/**
 * A table as {@link Writer}s see it: by its name alone, which may refer to another table while they write. Holds the
 * columns, read once from the catalog, and the statements made of them.
 *
 * <p>Every statement returns the row's <em>image</em>, all columns as the server stored them, so that the effects of
 * defaults, triggers and sequences are expected later.
 *
 * @param key the columns that identify the rows
 * @param times the columns that decide the partition; some may be of the key
 * @param compared the part of a column that is in the image, by the column's name in the catalog; if it is missing, the
 *     column itself
 * @param left the columns, by their names in the catalog, that get no random values
 */
record WrittenTable(
        String name,
        List<Column> key,
        List<Column> times,
        List<Column> columns,
        Map<String, String> compared,
        Set<String> left) {

    /**
     * @param name as SQL writes it
     * @param catalogName as the catalog spells it
     * @param type as {@code format_type} writes it, with its length or precision
     */
    record Column(
            String name, String catalogName, String type, boolean notNull, boolean givenByServer, boolean writable) {

        String parameter() {
            return "CAST(? AS " + type + ")";
        }
    }

    static WrittenTable read(
            Connection connection,
            String table,
            List<String> key,
            List<String> times,
            Map<String, String> compared,
            Set<String> left)
            throws SQLException {
        List<Column> columns = new ArrayList<>();
        try (PreparedStatement statement = connection.prepareStatement("""
                SELECT quote_ident(attname), attname, format_type(atttypid, atttypmod), attnotnull,
                       atthasdef AND attgenerated = '' OR attidentity <> '',
                       attgenerated = '' AND attidentity <> 'a'
                FROM pg_attribute
                WHERE attrelid = CAST(? AS regclass) AND attnum > 0 AND NOT attisdropped
                ORDER BY attnum
                """)) {
            statement.setString(1, table);
            try (ResultSet rows = statement.executeQuery()) {
                while (rows.next()) {
                    columns.add(new Column(
                            rows.getString(1),
                            rows.getString(2),
                            rows.getString(3),
                            rows.getBoolean(4),
                            rows.getBoolean(5),
                            rows.getBoolean(6)));
                }
            }
        }
        return new WrittenTable(
                table,
                find(table, columns, key),
                find(table, columns, times),
                List.copyOf(columns),
                Map.copyOf(compared),
                Set.copyOf(left));
    }

    private static List<Column> find(String table, List<Column> columns, List<String> names) {
        return names.stream()
                .map(name -> columns.stream()
                        .filter(column -> column.catalogName().equals(name))
                        .findFirst()
                        .orElseThrow(() -> new IllegalArgumentException("%s has no column %s".formatted(table, name))))
                .toList();
    }

    /** The same columns in a table of another name. */
    WrittenTable named(String other) {
        return new WrittenTable(other, key, times, columns, compared, left);
    }

    /** Whether a row can be given another key. */
    boolean hasWritableKey() {
        return key.stream().allMatch(Column::writable);
    }

    /** The columns an insert or update gives a random value, besides the key and those that decide the partition. */
    List<Column> payload() {
        return columns.stream()
                .filter(column -> column.writable() && !key.contains(column) && !times.contains(column))
                .filter(column -> !left.contains(column.catalogName()))
                .toList();
    }

    /** The parameters are {@link #inserted()}; gives the key and the image. */
    String insert() {
        return insert(inserted());
    }

    /** The parameters are the key, by itself where its column has a default, and then {@link #inserted()}. */
    String insertWithKey() {
        List<Column> given = new ArrayList<>(key);
        given.addAll(inserted());
        return insert(given);
    }

    private String insert(List<Column> given) {
        return "INSERT INTO %s (%s) VALUES (%s) RETURNING %s"
                .formatted(
                        name,
                        given.stream().map(Column::name).collect(Collectors.joining(", ")),
                        given.stream().map(Column::parameter).collect(Collectors.joining(", ")),
                        keyAndImage());
    }

    List<Column> inserted() {
        return columns.stream()
                .filter(column -> column.writable() && !(key.contains(column) && column.givenByServer()))
                .filter(column -> !left.contains(column.catalogName()))
                .toList();
    }

    /**
     * Takes a value away from the row that has it. The parameter is the value; gives the key and the image of the row.
     */
    String release(String column) {
        return "UPDATE %1$s SET %2$s = NULL WHERE %2$s = CAST(? AS integer) RETURNING %3$s"
                .formatted(name, column, keyAndImage());
    }

    /** Gives it to another row. The parameters are the value and the key. */
    String take(String column) {
        return "UPDATE %s SET %s = CAST(? AS integer) WHERE %s RETURNING %s"
                .formatted(name, column, hasKey(), keyAndImage());
    }

    /** The parameters are the new values and the key; gives the key and the image as they are after the update. */
    String update(List<Column> changed) {
        return "UPDATE %s SET %s WHERE %s RETURNING %s"
                .formatted(
                        name,
                        changed.stream()
                                .map(column -> column.name() + " = " + column.parameter())
                                .collect(Collectors.joining(", ")),
                        hasKey(),
                        keyAndImage());
    }

    /** The parameters are the key; gives the key and the image as they were. */
    String delete() {
        return "DELETE FROM %s WHERE %s RETURNING %s".formatted(name, hasKey(), keyAndImage());
    }

    /** The parameters are the key; gives the key and the image. */
    String select() {
        return "SELECT %s FROM %s WHERE %s".formatted(keyAndImage(), name, hasKey());
    }

    /** Hands every row's key and image to {@code action}, in one snapshot. */
    void forEachRow(Connection connection, BiConsumer<List<String>, String> action) throws SQLException {
        connection.setAutoCommit(false); // the driver holds the whole result in memory otherwise
        try (Statement statement = connection.createStatement()) {
            statement.execute("SET LOCAL TimeZone = 'UTC'");
            statement.setFetchSize(10_000);
            try (ResultSet rows = statement.executeQuery("SELECT %s FROM %s".formatted(keyAndImage(), name))) {
                while (rows.next()) {
                    action.accept(keyOf(rows), imageOf(rows));
                }
            }
        }
        connection.commit();
    }

    /** Of a row that one of the statements gave. */
    List<String> keyOf(ResultSet row) throws SQLException {
        List<String> values = new ArrayList<>();
        for (int i = 1; i <= key.size(); i++) {
            values.add(row.getString(i));
        }
        return List.copyOf(values);
    }

    /** Of a row that one of the statements gave. */
    String imageOf(ResultSet row) throws SQLException {
        return row.getString(key.size() + 1);
    }

    private String hasKey() {
        return key.stream()
                .map(column -> column.name() + " = " + column.parameter())
                .collect(Collectors.joining(" AND "));
    }

    private String keyAndImage() {
        return "%s, CAST(ROW(%s) AS text)"
                .formatted(
                        key.stream()
                                .map(column -> "CAST(" + column.name() + " AS text)")
                                .collect(Collectors.joining(", ")),
                        columns.stream()
                                .map(column -> compared.getOrDefault(column.catalogName(), column.name()))
                                .collect(Collectors.joining(", ")));
    }
}
