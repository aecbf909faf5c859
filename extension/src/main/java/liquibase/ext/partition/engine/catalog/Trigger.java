package liquibase.ext.partition.engine.catalog;

import java.sql.SQLException;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import liquibase.ext.partition.engine.sql.Identifier;
import liquibase.ext.partition.engine.sql.QualifiedName;
import liquibase.ext.partition.engine.sql.Session;
import liquibase.ext.partition.engine.sql.Sql;

/**
 * A trigger that a user made; internal ones (of foreign keys) do not appear.
 *
 * @param beforeTable the statement that would make it again, with all names qualified, up to the table's name
 * @param afterTable the rest of the statement
 * @param forEachRow whether it fires for each row, and not for each statement
 * @param onDelete whether it fires on DELETE
 * @param before whether it fires before the row or statement, and not after
 * @param onInsert whether it fires on INSERT
 * @param onUpdate whether it fires on UPDATE
 * @param calls the qualified name of the function that it calls, which has no parameters
 * @param enabled {@code pg_trigger.tgenabled}: {@code O} origin, {@code D} disabled, {@code R} replica, {@code A}
 *     always
 * @param extensions the extensions whose drop also drops it ({@code DEPENDS ON EXTENSION})
 */
public record Trigger(
        Identifier name,
        String beforeTable,
        String afterTable,
        boolean forEachRow,
        boolean onDelete,
        boolean before,
        boolean onInsert,
        boolean onUpdate,
        TriggerFunction function,
        QualifiedName calls,
        char enabled,
        Optional<String> comment,
        List<Identifier> extensions) {
    private static final Sql TRIGGERS = Sql.of("""
            SELECT g.tgname, pg_catalog.pg_get_triggerdef(g.oid) AS definition, pg_catalog.format(' ON %s ', g.tgrelid::pg_catalog.regclass) AS place,
                   g.tgtype & 1 = 1 AS for_each_row, g.tgtype & 8 = 8 AS on_delete, g.tgenabled,
                   g.tgtype & 2 = 2 AS before, g.tgtype & 4 = 4 AS on_insert, g.tgtype & 16 = 16 AS on_update,
                   p.oid::pg_catalog.regproc::pg_catalog.text AS function, l.lanname, n.nspname AS function_schema, p.proname,
                   CASE WHEN g.tgtype & 3 = 3 THEN p.prosrc END AS source,
                   pg_catalog.encode(g.tgargs, 'escape') AS arguments,
                   pg_catalog.obj_description(g.oid, 'pg_trigger') AS comment,
                   ARRAY(SELECT e.extname::pg_catalog.text
                         FROM pg_catalog.pg_depend AS d JOIN pg_catalog.pg_extension AS e ON e.oid = d.refobjid
                         WHERE d.classid = 'pg_catalog.pg_trigger'::pg_catalog.regclass AND d.objid = g.oid AND d.deptype = 'x'
                           AND d.refclassid = 'pg_catalog.pg_extension'::pg_catalog.regclass
                         ORDER BY e.extname) AS extensions
            FROM pg_catalog.pg_trigger AS g
            JOIN pg_catalog.pg_proc AS p ON p.oid = g.tgfoid
            JOIN pg_catalog.pg_namespace AS n ON n.oid = p.pronamespace
            JOIN pg_catalog.pg_language AS l ON l.oid = p.prolang
            WHERE g.tgrelid = {oid} AND NOT g.tgisinternal AND g.tgparentid = 0
            ORDER BY g.tgname
            """);

    /** The sources of triggers that cannot change the row. */
    private static final Sql OTHER_SOURCES = Sql.of("""
            SELECT g.tgname, p.prosrc
            FROM pg_catalog.pg_trigger AS g JOIN pg_catalog.pg_proc AS p ON p.oid = g.tgfoid
            WHERE g.tgrelid = {oid} AND NOT g.tgisinternal AND g.tgparentid = 0 AND g.tgtype & 3 <> 3
            """);

    public Trigger {
        extensions = List.copyOf(extensions);
    }

    /**
     * The triggers of the table with that oid, by name. The source of the function of a trigger that cannot change the
     * row is only shown to people, and decides nothing. So it is read without being recorded: the replay changes the
     * text of the capture's function whenever the delta table's other segment comes into use.
     */
    static List<Trigger> of(Session session, long oid) throws SQLException {
        Map<String, String> otherSources = new HashMap<>();
        session.aside(() -> session.query(
                OTHER_SOURCES.with("oid", oid), row -> otherSources.put(row.getString(1), row.getString(2))));
        return session.query(TRIGGERS.with("oid", oid), row -> {
            List<String> parts = split(row.getString("definition"), row.getString("place"));
            String name = row.getString("tgname");
            return new Trigger(
                    new Identifier(name),
                    parts.get(0),
                    parts.get(1),
                    row.getBoolean("for_each_row"),
                    row.getBoolean("on_delete"),
                    row.getBoolean("before"),
                    row.getBoolean("on_insert"),
                    row.getBoolean("on_update"),
                    new TriggerFunction(
                            row.getString("function"),
                            row.getString("lanname"),
                            Optional.ofNullable(row.getString("source"))
                                    .orElseGet(() -> otherSources.getOrDefault(name, "")),
                            List.of(row.getString("arguments").split("\\\\000"))),
                    QualifiedName.of(row.getString("function_schema"), row.getString("proname")),
                    row.getString("tgenabled").charAt(0),
                    Optional.ofNullable(row.getString("comment")),
                    TableReader.identifiers(row.getArray("extensions")));
        });
    }

    /**
     * @param definition the definition as {@code pg_get_triggerdef} writes it
     * @param place the text in it between the events and the rest, {@code " ON shop.orders "}
     * @return the parts before and after the place; a quoted name that looks like it does not count
     */
    static List<String> split(String definition, String place) {
        boolean quoted = false;
        for (int i = 0; i < definition.length(); i++) {
            if (!quoted && definition.startsWith(place, i)) {
                return List.of(definition.substring(0, i), definition.substring(i + place.length()));
            }
            quoted ^= definition.charAt(i) == '"';
        }
        throw new IllegalArgumentException(
                "Cannot read this trigger definition; <%s> was expected in it: %s".formatted(place, definition));
    }

    /** The statement that makes the same trigger on {@code table}. */
    public Sql createOn(QualifiedName table) {
        return Sql.raw(beforeTable + " ON " + table.quoted() + " " + afterTable);
    }

    /** Whether it can change a row before the row is inserted. */
    public boolean beforeRowIsInserted() {
        return forEachRow && before && onInsert;
    }

    /**
     * The same trigger without INSERT among its events; empty if it has no other event. The server names INSERT first.
     */
    public Optional<Trigger> withoutInsert() {
        if (!onUpdate && !onDelete) {
            return Optional.empty();
        }
        String when = before ? " BEFORE " : " AFTER ";
        List<String> parts = split(beforeTable, when + "INSERT OR ");
        return Optional.of(new Trigger(
                name,
                parts.get(0) + when + parts.get(1),
                afterTable,
                forEachRow,
                onDelete,
                before,
                false,
                onUpdate,
                function,
                calls,
                enabled,
                comment,
                extensions));
    }
}
