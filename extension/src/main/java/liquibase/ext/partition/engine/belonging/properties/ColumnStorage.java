package liquibase.ext.partition.engine.belonging.properties;

import java.sql.SQLException;
import java.util.List;
import liquibase.ext.partition.engine.sql.Identifier;
import liquibase.ext.partition.engine.sql.Session;
import liquibase.ext.partition.engine.sql.Sql;

/**
 * How the values of a column are stored. {@code LIKE} copies it when a table is made; later changes are not passed on.
 *
 * @param type the type's oid, without modifiers
 * @param storage the storage as {@code SET STORAGE} takes it
 * @param compression the compression as {@code SET COMPRESSION} takes it
 */
public record ColumnStorage(Identifier column, long type, String storage, String compression) {
    private static final Sql READ = Sql.of("""
            SELECT a.attname, a.atttypid,
                   CASE a.attstorage WHEN 'p' THEN 'PLAIN' WHEN 'e' THEN 'EXTERNAL' WHEN 'm' THEN 'MAIN' ELSE 'EXTENDED' END AS storage,
                   CASE a.attcompression WHEN 'p' THEN 'pglz' WHEN 'l' THEN 'lz4' ELSE 'default' END AS compression
            FROM pg_catalog.pg_attribute AS a
            WHERE a.attrelid = {oid} AND a.attnum > 0 AND NOT a.attisdropped
            ORDER BY a.attnum
            """);

    /** Reads the storage of every column of the table. */
    public static List<ColumnStorage> read(Session session, long oid) throws SQLException {
        return session.query(
                READ.with("oid", oid),
                row -> new ColumnStorage(
                        new Identifier(row.getString("attname")),
                        row.getLong("atttypid"),
                        row.getString("storage"),
                        row.getString("compression")));
    }
}
