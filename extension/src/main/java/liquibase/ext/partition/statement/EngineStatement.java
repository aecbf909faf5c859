package liquibase.ext.partition.statement;

import java.sql.SQLException;
import liquibase.database.Database;
import liquibase.database.PreparedStatementFactory;
import liquibase.exception.DatabaseException;
import liquibase.ext.partition.connection.LiquibaseEnvironment;
import liquibase.ext.partition.connection.Reconnection;
import liquibase.ext.partition.engine.PartitionException;
import liquibase.ext.partition.engine.delta.CaptureRights;
import liquibase.ext.partition.engine.run.StepRun;
import liquibase.ext.partition.engine.sql.QualifiedName;
import liquibase.ext.partition.engine.sql.Session;
import liquibase.ext.partition.engine.sql.SqlState;
import liquibase.ext.partition.step.Work;

/** A step of the engine. If its connection is lost and the step may be repeated, it runs again. */
public final class EngineStatement extends WorkStatement {
    private final String step;
    private final Database database;
    private final QualifiedName source;
    private final boolean commitsByItself;
    private final Due due;
    private final Work work;

    /** The question whether there is anything to do. */
    @FunctionalInterface
    public interface Due {
        /** @param session on Liquibase's connection; not pinned */
        boolean isDue(Session session) throws SQLException;
    }

    /**
     * @param commitsByItself whether it never runs in a transaction of Liquibase's
     * @param due asked first; if there is nothing to do, nothing else is asked of the server
     */
    public EngineStatement(
            String step, Database database, QualifiedName source, boolean commitsByItself, Due due, Work work) {
        this.step = step;
        this.database = database;
        this.source = source;
        this.commitsByItself = commitsByItself;
        this.due = due;
        this.work = work;
    }

    @Override
    public void execute(PreparedStatementFactory factory) throws DatabaseException {
        try {
            Session session = new Session(LiquibaseEnvironment.connection(database));
            if (!due.isDue(session)) {
                return;
            }
            Reconnection reconnection = Reconnection.of(database, step);
            // In Liquibase's transaction, the work before our step is lost with the connection, and we cannot repeat
            // it.
            boolean repeatable =
                    commitsByItself || LiquibaseEnvironment.connection(database).getAutoCommit();
            if (repeatable) {
                reconnection.until(() -> {
                    attempt(reconnection);
                    return null;
                });
            } else {
                attemptOnce(reconnection);
            }
        } catch (PartitionException | IllegalArgumentException e) {
            throw new DatabaseException(e.getMessage(), e);
        } catch (SQLException e) {
            throw new DatabaseException(explain(e), e);
        }
    }

    /** Reconnects even though it does not repeat the step, because Liquibase has to release its lock. */
    private void attemptOnce(Reconnection reconnection) throws SQLException, DatabaseException {
        try {
            attempt(reconnection);
        } catch (SQLException e) {
            if (!Reconnection.isPassing(e)) {
                throw e;
            }
            reconnection.await(e);
            throw new PartitionException(
                    "%s on %s: the transaction of its changeset was lost with the connection: %s. All of that changeset was rolled back. Run again."
                            .formatted(step, source, said(e)),
                    e);
        }
    }

    private void attempt(Reconnection reconnection) throws SQLException, DatabaseException {
        try (StepRun run = LiquibaseEnvironment.of(database).begin(step, source)) {
            try {
                CaptureRights.mend(run);
                work.run(run);
            } finally {
                reconnection.leftBehind(run.backends());
            }
        }
    }

    private String explain(SQLException e) {
        if (SqlState.INSUFFICIENT_PRIVILEGE.matches(e)) {
            return "%s on %s lacks a right: %s. What this statement would have done was not done. Run as the table's owner, with CREATE on its schema, or as a role with BYPASSRLS where row level security hides rows; then run again."
                    .formatted(step, source, said(e));
        }
        if (SqlState.isOutOfResources(e)) {
            return OutOfResources.explain(step, source, e);
        }
        return "%s on %s failed (SQLSTATE %s): %s. What was committed before is kept; run again, and it goes on from there."
                .formatted(step, source, e.getSQLState(), said(e));
    }

    /** A server's detail ends with a full stop, but its message does not. */
    private static String said(SQLException e) {
        String message = String.valueOf(e.getMessage()).strip();
        return message.endsWith(".") ? message.substring(0, message.length() - 1) : message;
    }

    @Override
    public String toString() {
        return "-- " + step + " " + source;
    }
}
