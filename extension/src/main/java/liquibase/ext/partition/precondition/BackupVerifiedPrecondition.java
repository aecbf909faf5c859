package liquibase.ext.partition.precondition;

import java.sql.SQLException;
import java.util.List;
import java.util.Optional;
import liquibase.ext.partition.attribute.StepName;
import liquibase.ext.partition.engine.PartitionException;
import liquibase.ext.partition.engine.run.StepRun;
import liquibase.ext.partition.engine.state.Migration;
import liquibase.ext.partition.engine.state.Phase;
import liquibase.ext.partition.engine.verify.BackupDifference;
import liquibase.ext.partition.engine.verify.Comparison;
import liquibase.ext.partition.engine.verify.ComparisonResult;
import liquibase.ext.partition.engine.verify.Verification;

/**
 * Whether the backup and the live table have the same rows, except for keys written since the swap. Compares the two
 * when it is asked, which takes as long as reading both, and records the result for {@code dropBackup}.
 */
public class BackupVerifiedPrecondition extends TunedPrecondition {
    private static final String HALT = "halt";
    private static final String FAIL = "fail";

    private String onDifference;

    public BackupVerifiedPrecondition() {
        super(StepName.BACKUP_VERIFIED);
    }

    @Override
    public String getName() {
        return "backupVerified";
    }

    /**
     * {@code fail}: a difference is a failed precondition, to which {@code onFail} applies. {@code halt}: a difference
     * is an error that stops the run, for a changeset whose {@code onFail="CONTINUE"} is meant for another
     * precondition.
     */
    public String getOnDifference() {
        return onDifference;
    }

    public void setOnDifference(String onDifference) {
        this.onDifference = onDifference;
    }

    @Override
    protected List<String> problems() {
        List<String> problems = super.problems();
        if (onDifference != null && !onDifference.equals(HALT) && !onDifference.equals(FAIL)) {
            problems.add("onDifference is <%s>; it can be fail or halt.".formatted(onDifference));
        }
        return problems;
    }

    @Override
    protected Optional<String> whyNot(Question question) throws SQLException {
        refuseWhatCannotBeRead(problems());
        try (StepRun run = question.environment().begin(getName(), question.table())) {
            Optional<Migration> migration = run.migrations().find(question.table());
            if (migration.isEmpty() || !migration.get().phase().isAtLeast(Phase.SWAPPED)) {
                return Optional.of(
                        "%s is not swapped yet, so it has no backup. Nothing was changed. Run update with -DswapApproved=%s, which swaps it."
                                .formatted(
                                        question.table(),
                                        question.table().name().name()));
            }
            if (migration.get().phase().isAtLeast(Phase.DROPPED)) {
                return Optional.empty();
            }
            ComparisonResult result =
                    Verification.verifyBackup(run, Comparison.DEFAULT_CHUNK_SIZE, tuning().workers(), tuning().pace());
            if (result.differences() == 0) {
                return Optional.empty();
            }
            String difference =
                    "%s and its backup differ in %d rows%s. The backup stays: it may be the only place that has them. %sThe keys:%s"
                            .formatted(
                                    question.table(),
                                    result.differences(),
                                    result.whichSinceTheSwap(),
                                    BackupDifference.remedy(run, migration.get(), result, "run update again"),
                                    result.list());
            if (HALT.equals(onDifference)) {
                throw new PartitionException(difference);
            }
            return Optional.of(difference);
        }
    }
}
