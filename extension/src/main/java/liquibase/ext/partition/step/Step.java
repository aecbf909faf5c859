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
    /** Which one it is. */
    StepName stepName();

    /** Does it, with the migration's lock held. Safe to repeat: where it is done already, nothing is. */
    void run(StepRun run) throws SQLException;

    /** How it is taken back. */
    Undo undo(Database database);

    /** @param database may be offline */
    Review review(Database database) throws SQLException, DatabaseException;

    /** How it works, as the changeset says it. */
    Tuning tuning();

    /** As the changeset says it; null for Liquibase's default schema. */
    String getSchemaName();

    /** As the changeset says it; null where it does not, which is no valid step. */
    String getTableName();

    /** The one that describes it. */
    ChangeSet getChangeSet();

    /** The table, by the name that the application uses. */
    default QualifiedName source(Database database) {
        return LiquibaseEnvironment.name(database, getSchemaName(), getTableName());
    }

    /** Whether it names the table by the same words. */
    default boolean isOn(String schema, String table) {
        return Objects.equals(getSchemaName(), schema) && Objects.equals(getTableName(), table);
    }

    /**
     * The steps in the changelog file that {@code changeSet} is from.
     *
     * @param changeSet null, or one without a changelog, gives none
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
