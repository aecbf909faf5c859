package liquibase.ext.partition.engine.catalog;

import liquibase.ext.partition.engine.sql.Identifier;

/**
 * A trigger that a user made; internal ones (of foreign keys) do not appear.
 *
 * @param definition the statement that would make it again, all names qualified
 * @param enabled {@code pg_trigger.tgenabled}: {@code O} origin, {@code D} disabled, {@code R} replica, {@code A} always
 */
public record Trigger(Identifier name, String definition, char enabled) {}
