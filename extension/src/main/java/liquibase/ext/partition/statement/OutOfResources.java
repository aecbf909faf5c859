package liquibase.ext.partition.statement;

import java.sql.SQLException;
import liquibase.ext.partition.engine.sql.QualifiedName;
import liquibase.ext.partition.engine.sql.SqlState;

/** The message of a step when the server had no room, memory or connection for it. */
final class OutOfResources {
    private OutOfResources() {}

    /** @param e an exception of SQLSTATE class 53 */
    static String explain(String step, QualifiedName source, SQLException e) {
        String said = SqlState.firstLine(e).strip();
        if (SqlState.DISK_FULL.matches(e)) {
            return "%s on %s stopped, because a disk of the server is full (%s). What was committed before is kept, and nothing of what it was just doing. Where changes are captured they still are, and a write to %s fails as long as its key has no room in the delta table. Free or add space, then run the same command again: it goes on from there. Or take the migration back with rollback, which ends the capture and gives its space back, as soon as the server can write at all."
                    .formatted(step, source, said, source);
        }
        return "%s on %s stopped, because the server is short of something (SQLSTATE %s: %s). What was committed before is kept, and nothing of what it was just doing. Give the server more of it, or this step less to do (fewer workers, smaller chunks), then run the same command again: it goes on from there."
                .formatted(step, source, e.getSQLState(), said);
    }
}
