package liquibase.ext.partition.engine.state;

import java.sql.SQLException;
import liquibase.ext.partition.engine.sql.Session;
import liquibase.ext.partition.engine.sql.Sql;

/** What a copy has left: rows in the new table, its plan and its checkpoints. They go together, or a copy would resume on nothing. */
public final class CopiedRows {
    private static final Sql EXISTS = Sql.of("SELECT to_regclass({newTable}) IS NOT NULL");
    private static final Sql TRUNCATE = Sql.of("TRUNCATE {newTable}");

    private CopiedRows() {}

    /** Empties the new table, where it is still there, and forgets plan and checkpoints. To be run in one transaction. */
    public static void forget(Session session, StateTables tables, Migration migration) throws SQLException {
        if (session.queryBoolean(EXISTS.with("newTable", migration.newTable().quoted()))) {
            session.update(TRUNCATE.with("newTable", migration.newTable()));
        }
        new Checkpoints(session, tables, migration).forgetAll();
        new Migrations(session, tables).forgetCopy(migration);
    }
}
