package liquibase.ext.partition.precondition;

import java.sql.SQLException;
import java.util.List;
import java.util.Optional;
import liquibase.changelog.ChangeSet;
import liquibase.changelog.DatabaseChangeLog;
import liquibase.changelog.visitor.ChangeExecListener;
import liquibase.database.Database;
import liquibase.database.core.PostgresDatabase;
import liquibase.exception.DatabaseException;
import liquibase.exception.PreconditionErrorException;
import liquibase.exception.PreconditionFailedException;
import liquibase.exception.ValidationErrors;
import liquibase.ext.partition.connection.LiquibaseEnvironment;
import liquibase.ext.partition.connection.Reconnection;
import liquibase.ext.partition.engine.PartitionException;
import liquibase.ext.partition.engine.run.StepRun;
import liquibase.ext.partition.engine.sql.QualifiedName;
import liquibase.ext.partition.engine.sql.Session;
import liquibase.ext.partition.engine.state.Migration;
import liquibase.ext.partition.engine.state.Migrations;

/** The common part of our preconditions about a table: its name, and the difference between "no" and "cannot tell". */
public abstract class PartitionPrecondition extends OurPrecondition {
    private String schemaName;
    private String tableName;

    public String getSchemaName() {
        return schemaName;
    }

    public void setSchemaName(String schemaName) {
        this.schemaName = schemaName;
    }

    public String getTableName() {
        return tableName;
    }

    public void setTableName(String tableName) {
        this.tableName = tableName;
    }

    /**
     * A question about a table, asked in one environment.
     *
     * @param session a session on Liquibase's connection, to be pinned for each question; a step that
     *     {@code environment} begins has its own
     */
    protected record Question(
            StepRun.Environment environment,
            Session session,
            QualifiedName table,
            ChangeSet changeSet,
            Database database) {
        /** The table's migration; empty if it has none. */
        Optional<Migration> migration() throws SQLException {
            return session.whilePinned(() -> new Migrations(session, environment.state()).find(table));
        }
    }

    /**
     * Answers the question.
     *
     * @return why the answer is no; empty if it is yes
     * @throws PartitionException when the answer is unknown, or must not be passed over
     */
    protected abstract Optional<String> whyNot(Question question) throws SQLException, DatabaseException;

    @Override
    public final void check(
            Database database, DatabaseChangeLog changeLog, ChangeSet changeSet, ChangeExecListener listener)
            throws PreconditionFailedException, PreconditionErrorException {
        if (changeSet == null && !isAskedOfChangelog()) {
            return;
        }
        Optional<String> reason;
        try {
            // Liquibase has nothing uncommitted while it asks, so a lost connection loses nothing.
            reason = Reconnection.of(database, getName()).until(() -> whyNot(database, changeSet));
        } catch (SQLException | DatabaseException | PartitionException e) {
            throw new PreconditionErrorException(e, changeLog, this);
        }
        if (reason.isPresent()) {
            throw new PreconditionFailedException(reason.get(), changeLog, this);
        }
    }

    /** Whether it has an answer at the head of a changelog, where Liquibase asks it whenever it reads the changelog. */
    protected boolean isAskedOfChangelog() {
        return true;
    }

    private Optional<String> whyNot(Database database, ChangeSet changeSet) throws SQLException, DatabaseException {
        StepRun.Environment environment = LiquibaseEnvironment.of(database);
        Session session = new Session(environment.main());
        QualifiedName table = LiquibaseEnvironment.name(database, schemaName, tableName);
        return whyNot(new Question(environment, session, table, changeSet, database));
    }

    @Override
    public ValidationErrors validate(Database database) {
        ValidationErrors errors = new ValidationErrors(this);
        errors.checkRequiredField("tableName", tableName);
        if (!(database instanceof PostgresDatabase)) {
            errors.addError(getName() + " works on PostgreSQL only");
        }
        return errors;
    }

    /**
     * For {@link #whyNot}: Liquibase validates the preconditions of the changelog, but not those of its changesets.
     *
     * @throws PartitionException if there are problems
     */
    protected final void refuseWhatCannotBeRead(List<String> problems) {
        if (!problems.isEmpty()) {
            throw new PartitionException(
                    "%s: %s Nothing was changed. Correct the changelog, or the config and generate again."
                            .formatted(this, String.join(" ", problems)));
        }
    }

    @Override
    public final String toString() {
        return getName() + " " + (schemaName == null ? "" : schemaName + ".") + tableName;
    }
}
