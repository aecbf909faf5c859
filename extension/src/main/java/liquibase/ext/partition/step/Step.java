package liquibase.ext.partition.step;

import java.sql.SQLException;
import java.util.Objects;
import java.util.stream.Stream;
import liquibase.changelog.ChangeSet;
import liquibase.database.Database;
import liquibase.exception.DatabaseException;
import liquibase.ext.partition.attribute.StepName;
import liquibase.ext.partition.attribute.Tuning;
import liquibase.ext.partition.connection.LiquibaseEnvironment;
import liquibase.ext.partition.engine.run.StepRun;
import liquibase.ext.partition.engine.sql.QualifiedName;

/** A step of a table's migration, as a changeset describes it. */
public interface Step {
    /** The name of the step. */
    StepName stepName();

    /** Runs the step while the migration's lock is held. Safe to repeat: does nothing if the work is done. */
    void run(StepRun run) throws SQLException;

    /** How the step is taken back. */
    Undo undo(Database database);

    /** @param database may be offline */
    Review review(Database database) throws SQLException, DatabaseException;

    /** The step's settings, as the changeset gives them. */
    Tuning tuning();

    /** The schema's name in the changeset; null for Liquibase's default schema. */
    String getSchemaName();

    /** The table's name in the changeset; null if it is missing, which makes the step invalid. */
    String getTableName();

    /** The changeset that describes the step. */
    ChangeSet getChangeSet();

    /** The table under the name that the application uses. */
    default QualifiedName source(Database database) {
        return LiquibaseEnvironment.name(database, getSchemaName(), getTableName());
    }

    /** Whether the step names the table by the same words. */
    default boolean isOn(String schema, String table) {
        return Objects.equals(getSchemaName(), schema) && Objects.equals(getTableName(), table);
    }

    /**
     * The steps in the changelog file that contains {@code changeSet}.
     *
     * @param changeSet null, or a changeset without a changelog, gives none
     */
    static Stream<Step> besides(ChangeSet changeSet) {
        return changeSet == null || changeSet.getChangeLog() == null
                ? Stream.empty()
                : changeSet.getChangeLog().getChangeSets().stream().flatMap(Step::of);
    }

    /** @param changeSet null gives none */
    static Stream<Step> of(ChangeSet changeSet) {
        return changeSet == null
                ? Stream.empty()
                : changeSet.getChanges().stream().filter(Step.class::isInstance).map(Step.class::cast);
    }
}
