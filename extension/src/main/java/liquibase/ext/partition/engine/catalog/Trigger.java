package liquibase.ext.partition.engine.catalog;

import java.util.List;
import java.util.Optional;
import liquibase.ext.partition.engine.sql.Identifier;
import liquibase.ext.partition.engine.sql.QualifiedName;
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
        char enabled,
        Optional<String> comment,
        List<Identifier> extensions) {
    public Trigger {
        extensions = List.copyOf(extensions);
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
                enabled,
                comment,
                extensions));
    }
}
