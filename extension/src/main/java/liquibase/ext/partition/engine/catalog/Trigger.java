package liquibase.ext.partition.engine.catalog;

import liquibase.ext.partition.engine.sql.Identifier;
import liquibase.ext.partition.engine.sql.QualifiedName;
import liquibase.ext.partition.engine.sql.Sql;

/**
 * A trigger that a user made; internal ones (of foreign keys) do not appear.
 *
 * @param beforeTable the statement that would make it again, all names qualified, as far as the table's name
 * @param afterTable the rest of it
 * @param forEachRow whether it fires for each row, and not for each statement
 * @param onDelete whether it fires on DELETE
 * @param enabled {@code pg_trigger.tgenabled}: {@code O} origin, {@code D} disabled, {@code R} replica, {@code A} always
 */
public record Trigger(
        Identifier name, String beforeTable, String afterTable, boolean forEachRow, boolean onDelete, char enabled) {
    /** The statement that makes the same trigger on {@code table}. */
    public Sql createOn(QualifiedName table) {
        return Sql.raw(beforeTable + " ON " + table.quoted() + " " + afterTable);
    }
}
