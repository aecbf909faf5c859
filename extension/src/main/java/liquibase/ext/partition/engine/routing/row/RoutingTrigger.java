package liquibase.ext.partition.engine.routing.row;

import liquibase.ext.partition.engine.sql.Identifier;
import liquibase.ext.partition.engine.sql.QualifiedName;
import liquibase.ext.partition.engine.sql.Sql;

/** Statements that all triggers of the routing have in common. */
public final class RoutingTrigger {
    private static final Sql ENABLE_ALWAYS = Sql.of("ALTER TABLE {table} ENABLE ALWAYS TRIGGER {trigger}");

    private RoutingTrigger() {}

    /** The statement that makes a trigger fire even where {@code session_replication_role} is {@code replica}. */
    public static Sql enableAlways(QualifiedName table, Identifier trigger) {
        return ENABLE_ALWAYS.with("table", table).with("trigger", trigger);
    }
}
