package liquibase.ext.partition.change;

import java.sql.SQLException;
import java.util.Optional;
import liquibase.changelog.ChangeSet;
import liquibase.ext.partition.attribute.TableSelection;
import liquibase.ext.partition.attribute.Tuning;
import liquibase.ext.partition.connection.PartitionConfiguration;
import liquibase.ext.partition.engine.restart.CopyRestart;
import liquibase.ext.partition.engine.run.StepRun;
import liquibase.ext.partition.engine.sql.QualifiedName;
import liquibase.ext.partition.engine.state.DefaultShare;
import liquibase.ext.partition.engine.state.Phase;

/**
 * The attribute {@code restart} of whatever comes after the copy: starts the copy over where it names the table, and
 * goes on with one that was started over. It works as the copy's own changeset says, where that is in the same
 * changelog.
 */
public final class RestartedCopy {
    private RestartedCopy() {}

    /** Whether {@code restart} asks for a new copy of the table. */
    public static boolean isAsked(String restart, QualifiedName table) {
        return "true".equalsIgnoreCase(restart) || TableSelection.parse(restart).contains(table);
    }

    /**
     * @param goal how far the migration is to be, where its copy was started over
     * @param changeSet of the step, which may be null
     * @param schemaName of the table, as the changelog says it; may be null
     * @param own settings of the step, for what the changelog does not say of the copy
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
        Optional<Tuning> ofCopy = TableChanges.of(changeSet, ChunkedCopyChange.class)
                .filter(copy -> copy.isOn(schemaName, tableName))
                .map(PartitionChange::tuning)
                .findFirst();
        Tuning tuning = ofCopy.orElse(own);
        Optional<DefaultShare> ofComparison = TableChanges.of(changeSet, VerifyCopyChange.class)
                .filter(comparison -> comparison.isOn(schemaName, tableName))
                .map(comparison -> comparison.tuning().maxDefaultShare())
                .flatMap(Optional::stream)
                .findFirst()
                .or(PartitionConfiguration::maxDefaultShare);
        return new CopyRestart.Settings(
                ChunkedCopyChange.chunkSize(tuning), tuning.workers(), tuning.pace(), ofComparison);
    }
}
