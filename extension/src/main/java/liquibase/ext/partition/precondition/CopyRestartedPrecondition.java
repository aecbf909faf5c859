package liquibase.ext.partition.precondition;

import java.sql.SQLException;
import java.util.Optional;
import liquibase.ext.partition.attribute.TableSelection;
import liquibase.ext.partition.attribute.Tuning;
import liquibase.ext.partition.engine.restart.CopyRestart;
import liquibase.ext.partition.engine.run.StepRun;
import liquibase.ext.partition.engine.state.Migration;
import liquibase.ext.partition.engine.state.Phase;
import liquibase.ext.partition.step.RestartedCopy;

/**
 * Starts the copy over if {@code restart} names the table, goes on with a copy that was started over and not compared,
 * and is true afterwards. It stands before the precondition that asks for approval, because somebody may want a new
 * copy while the swap waits: then every changeset of the copy is recorded, and that of the swap does not run. At the
 * head of the changelog it copies nothing. If the table is swapped, it says so there, since every changeset that would
 * answer is recorded by then.
 */
public class CopyRestartedPrecondition extends PartitionPrecondition {
    private String restart;

    @Override
    public String getName() {
        return "copyRestarted";
    }

    /** {@code true}, {@code all}, or names of tables separated by commas; usually a changelog parameter. */
    public String getRestart() {
        return restart;
    }

    public void setRestart(String restart) {
        this.restart = restart;
    }

    @Override
    protected boolean isAskedOfChangelog() {
        return !TableSelection.parse(restart).isEmpty();
    }

    @Override
    protected Optional<String> whyNot(Question question) throws SQLException {
        Optional<Migration> migration = question.migration();
        if (question.changeSet() == null) {
            migration
                    .filter(it -> RestartedCopy.isAsked(restart, question.table()))
                    .flatMap(CopyRestart::whyNotStartedOver)
                    .ifPresent(this::tell);
            return Optional.empty();
        }
        boolean wanted = RestartedCopy.isAsked(restart, question.table())
                || migration.filter(Migration::restarting).isPresent();
        if (!wanted) {
            return Optional.empty();
        }
        try (StepRun run = question.environment().begin(getName(), question.table())) {
            RestartedCopy.upTo(
                    Phase.VERIFIED, run, restart, question.changeSet(), getSchemaName(), getTableName(), new Tuning());
        }
        return Optional.empty();
    }
}
