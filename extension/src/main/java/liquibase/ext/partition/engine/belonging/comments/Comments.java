package liquibase.ext.partition.engine.belonging.comments;

import java.sql.SQLException;
import java.util.HashMap;
import java.util.Map;
import java.util.Optional;
import liquibase.ext.partition.engine.catalog.Table;
import liquibase.ext.partition.engine.sql.Identifier;
import liquibase.ext.partition.engine.sql.Session;
import liquibase.ext.partition.engine.sql.Sql;

/**
 * The comments on a table's columns, constraints and indexes, each by its name. A constraint is a CHECK, a NOT NULL or
 * one with an index.
 */
public record Comments(
        Map<Identifier, String> columns, Map<Identifier, String> constraints, Map<Identifier, String> indexes) {
    private static final Sql ALL = Sql.of("""
            SELECT 'column' AS kind, a.attname AS name, pg_catalog.col_description(a.attrelid, a.attnum) AS comment
            FROM pg_catalog.pg_attribute AS a WHERE a.attrelid = {oid} AND a.attnum > 0 AND NOT a.attisdropped
            UNION ALL
            SELECT 'constraint', k.conname, pg_catalog.obj_description(k.oid, 'pg_constraint')
            FROM pg_catalog.pg_constraint AS k WHERE k.conrelid = {oid} AND k.contype IN ('c', 'n', 'p', 'u')
            UNION ALL
            SELECT 'index', c.relname, pg_catalog.obj_description(c.oid, 'pg_class')
            FROM pg_catalog.pg_index AS i JOIN pg_catalog.pg_class AS c ON c.oid = i.indexrelid WHERE i.indrelid = {oid}
            """);

    public Comments {
        columns = Map.copyOf(columns);
        constraints = Map.copyOf(constraints);
        indexes = Map.copyOf(indexes);
    }

    /** @param table the table, read before */
    public static Comments read(Session session, Table table) throws SQLException {
        record Comment(String kind, Identifier name, Optional<String> text) {}
        Map<String, Map<Identifier, String>> byKind = new HashMap<>();
        session.query(
                        ALL.with("oid", table.oid()),
                        row -> new Comment(
                                row.getString("kind"),
                                new Identifier(row.getString("name")),
                                Optional.ofNullable(row.getString("comment"))))
                .forEach(it -> it.text()
                        .ifPresent(text -> byKind.computeIfAbsent(it.kind(), kind -> new HashMap<>())
                                .put(it.name(), text)));
        return new Comments(
                byKind.getOrDefault("column", Map.of()),
                byKind.getOrDefault("constraint", Map.of()),
                byKind.getOrDefault("index", Map.of()));
    }
}
