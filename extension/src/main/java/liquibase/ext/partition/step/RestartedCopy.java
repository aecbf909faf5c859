package liquibase.ext.partition.step;

import java.sql.SQLException;
import java.util.Optional;
import java.util.stream.Stream;
import liquibase.changelog.ChangeSet;
import liquibase.ext.partition.attribute.StepName;
import liquibase.ext.partition.attribute.TableSelection;
import liquibase.ext.partition.attribute.Tuning;
import liquibase.ext.partition.attribute.TuningAttribute;
import liquibase.ext.partition.connection.PartitionConfiguration;
import liquibase.ext.partition.engine.copy.ChunkedCopy;
import liquibase.ext.partition.engine.restart.CopyRestart;
import liquibase.ext.partition.engine.run.StepRun;
import liquibase.ext.partition.engine.sql.QualifiedName;
import liquibase.ext.partition.engine.state.DefaultShare;
import liquibase.ext.partition.engine.state.Phase;

/**
 * The attribute {@code restart} of the changes and preconditions after the copy: starts the copy over if the attribute
 * names the table, and goes on with a copy that was started over. The copy works as its own changeset says, if that is
 * in the same changelog.
 */
public final class RestartedCopy {
    private RestartedCopy() {}

    /** Whether {@code restart} asks for a new copy of the table. */
    public static boolean isAsked(String restart, QualifiedName table) {
        return "true".equalsIgnoreCase(restart) || TableSelection.parse(restart).contains(table);
    }

    /**
     * @param goal the phase that the migration shall reach if its copy was started over
     * @param changeSet the step's changeset; may be null
     * @param schemaName the table's schema in the changelog; may be null
     * @param own settings of the step, for everything that the changelog does not say about the copy
     */
    public static void upTo(
            Phase goal,
            StepRun run,
            String restart,
            ChangeSet changeSet,
            String schemaName,
            String tableName,
            Tuning own)
            throws SQLException {
        new CopyRestart(run, settings(changeSet, schemaName, tableName, own))
                .upTo(goal, isAsked(restart, run.source()));
    }

    private static CopyRestart.Settings settings(ChangeSet changeSet, String schemaName, String tableName, Tuning own) {
        Tuning tuning = tunings(StepName.CHUNKED_COPY, changeSet, schemaName, tableName)
                .findFirst()
                .orElse(own);
        Optional<DefaultShare> ofComparison = tunings(StepName.VERIFY_COPY, changeSet, schemaName, tableName)
                .flatMap(it -> it.maxDefaultShare().stream())
                .findFirst()
                .or(PartitionConfiguration::maxDefaultShare);
        return new CopyRestart.Settings(
                tuning.positive(TuningAttribute.CHUNK_SIZE, ChunkedCopy.UNBOUNDED),
                tuning.workers(),
                tuning.pace(),
                ofComparison);
    }

    private static Stream<Tuning> tunings(StepName name, ChangeSet changeSet, String schemaName, String tableName) {
        return Step.besides(changeSet)
                .filter(step -> step.stepName() == name && step.isOn(schemaName, tableName))
                .map(Step::tuning);
    }
}
