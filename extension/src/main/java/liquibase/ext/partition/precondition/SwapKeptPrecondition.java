package liquibase.ext.partition.precondition;

import java.sql.SQLException;
import java.util.List;
import java.util.Optional;
import liquibase.changelog.ChangeSet;
import liquibase.exception.DatabaseException;
import liquibase.ext.partition.attribute.TableSelection;
import liquibase.ext.partition.engine.PartitionException;
import liquibase.ext.partition.engine.run.StepRun;
import liquibase.ext.partition.engine.sql.QualifiedName;
import liquibase.ext.partition.engine.state.Migration;
import liquibase.ext.partition.engine.state.Phase;
import liquibase.ext.partition.step.RecordedChangesets;
import liquibase.ext.partition.step.SwapStep;

/**
 * Whether the swap of a table is to be kept. If {@code swapBack} names the table, it is not: then its swap is taken
 * back, and no other changeset, whatever has been deployed since. Liquibase's records of the swap are deleted, so that
 * an approval swaps again.
 *
 * <p>It stands on the changeset that drops the backup, which is pending from the swap until there is no way back, and
 * it comes first there, so that nothing is dropped in the same run. At the head of the changelog it takes nothing back,
 * and refuses if the backup is dropped: by then that changeset is recorded, and the parameter would be ignored
 * silently. Safe to repeat: if the process ended between the reverse swap and the records, the next run with the
 * parameter deletes these.
 */
public class SwapKeptPrecondition extends PartitionPrecondition {
    private String swapBack;

    @Override
    public String getName() {
        return "swapKept";
    }

    /** Names of tables separated by commas, or {@code all}; usually a changelog parameter. */
    public String getSwapBack() {
        return swapBack;
    }

    public void setSwapBack(String swapBack) {
        this.swapBack = swapBack;
    }

    @Override
    protected Optional<String> whyNot(Question question) throws SQLException, DatabaseException {
        QualifiedName table = question.table();
        Optional<Migration> migration = question.migration();
        if (question.changeSet() == null) {
            if (migration.isPresent()) {
                requireBackup(question, migration.get());
            }
            return Optional.empty();
        }
        Optional<SwapStep> swap = SwapStep.besides(question.changeSet(), question.database(), table);
        if (migration.isEmpty() || swap.isEmpty()) {
            return Optional.empty();
        }
        RecordedChangesets recorded = RecordedChangesets.of(question.database());
        if (!TableSelection.parse(swapBack).contains(table)) {
            if (!migration.get().phase().isAtLeast(Phase.SWAPPED)
                    && recorded.contain(swap.get().getChangeSet())) {
                question.environment()
                        .report()
                        .line(
                                "Liquibase has a record of the swap of %s, which is not swapped: it was taken back, and the record was not deleted any more. Run update with -DswapBack=%s, which deletes it; then an approval swaps again."
                                        .formatted(table, table.name()));
            }
            return Optional.empty();
        }
        requireBackup(question, migration.get());
        try (StepRun run = question.environment().begin(getName(), table)) {
            swap.get().undo(question.database()).work().run(run);
        }
        for (ChangeSet changeSet : thatGoWith(swap.get(), question)) {
            recorded.forget(changeSet);
        }
        String done =
                "The swap of %s is taken back, and no other changeset. It waits for approval again: leave swapBack out of the next update, and swapApproved too until you want the swap."
                        .formatted(table);
        question.environment().report().line(done);
        return Optional.of(done);
    }

    @Override
    protected boolean isAskedOfChangelog() {
        return !TableSelection.parse(swapBack).isEmpty();
    }

    /** With {@code all}, there can be other swaps to take back. */
    private void requireBackup(Question question, Migration migration) {
        TableSelection asked = TableSelection.parse(swapBack);
        if (!asked.contains(question.table()) || !migration.phase().isAtLeast(Phase.DROPPED)) {
            return;
        }
        String message =
                "The backup of %s has been dropped, so the swap cannot be taken back. Nothing was changed; the partitioned table goes on. Leave out swapBack."
                        .formatted(question.table());
        if (!asked.isAll()) {
            throw new PartitionException(message);
        }
        tell(message);
    }

    /** The swap's own record is the last: as long as it exists, the next run knows what is left to do. */
    private static List<ChangeSet> thatGoWith(SwapStep swap, Question question) {
        List<ChangeSet> changeSets = SwappedPrecondition.changeSetsOn(
                swap.getChangeSet().getChangeLog(), question.database(), question.table());
        changeSets.add(swap.getChangeSet());
        return changeSets;
    }
}
